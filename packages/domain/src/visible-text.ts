/**
 * Controls, separators of lines and paragraphs, and marks that turn the direction of writing or have no width: terminals obey them, and
 * people don't see them (Unicode TR 36, "Bidirectional Text Spoofing").
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Somebody else's text for people's eyes: what they would not see, or what a terminal would obey, as `\u{1b}`. */
export function visibleText(text: string): string {
  return text.replaceAll(UNSEEN, (char) => String.raw`\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
