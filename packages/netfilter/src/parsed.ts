/** What came of reading a text. A text that is not understood in every line is Unreadable: a rule that was left out would pass as absent. */
export type Parsed<T> = ({ readonly outcome: "Parsed" } & T) | Unreadable;

/** Where reading ended, for people ("line 12", "object 3"), and why. */
export interface Unreadable {
  readonly outcome: "Unreadable";
  readonly at: string;
  readonly why: string;
}

/** Says that a text cannot be read. */
export function unreadable(at: string, why: string): Unreadable {
  return { outcome: "Unreadable", at, why };
}

/** Long words in explanations are cut: a dump is written by whoever may write rules. */
export function excerpt(text: string): string {
  return text.length > EXCERPT_CHARS_MAX ? `${text.slice(0, EXCERPT_CHARS_MAX)}…` : text;
}

/** Enough to find the place; a report has room for hundreds. */
const EXCERPT_CHARS_MAX = 80;
