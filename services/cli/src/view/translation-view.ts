import { visibleText } from "@hostrouting/domain";
import type { Translation } from "@hostrouting/policy";

/** What became of every rule, one that cannot be said with its reason and what to do instead. No line depends on the terminal. */
export function translationLines(translations: readonly Translation[]): string[] {
  const translated = translations.filter(({ kind }) => kind === "Translated").length;
  return [
    ...translations.flatMap(linesOf),
    translations.length === 0
      ? "No rule is among them that host routing would pass by."
      : `${translated} of ${translations.length} rules are said by the policy.`,
  ];
}

function linesOf(one: Translation): string[] {
  const { table, text } = one.rule;
  const rule = visibleText(`${table.family} ${table.name}: ${text}`);
  if (one.kind === "Translated") return [`said: ${rule}`, ...one.notes.map((note) => `  ${note}`)];
  return [`${one.kind === "Manual" ? "by hand" : "not possible"} (${one.reason}): ${rule}`, `  ${sentence(one.detail)}`, `  → ${one.hint}`];
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
