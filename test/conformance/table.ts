import type { Outcome, Result } from "./point.ts";

const WORDS = { passed: "passed", failed: "FAILED", notApplicable: "not applicable" } as const;

function said(outcome: Outcome): string {
  return outcome.kind === "notApplicable" ? outcome.why : outcome.got;
}

/** How many of each outcome there are: `90 passed, 1 failed, 2 not applicable`. */
export function sumUp(results: readonly Result[]): string {
  const count = (kind: Outcome["kind"]): number => results.filter(({ outcome }) => outcome.kind === kind).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("notApplicable")} not applicable`;
}

/** One line for the terminal. */
export function line({ point, outcome }: Result): string {
  return `${point.id.padEnd(6)} ${WORDS[outcome.kind].padEnd(14)} ${point.what} → ${point.expected}\n${" ".repeat(22)}${said(outcome)}`;
}

/** The table of a run as Markdown. */
export function toMarkdown(results: readonly Result[]): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/[\r\n]+/g, " ");
  const rows = results.map(({ point, outcome }) => [point.id, point.what, point.expected, said(outcome), WORDS[outcome.kind]]);
  return ["| # | What | Expected | Got | |", "|--|--|--|--|--|", ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`)].join("\n");
}

/** The table of a run for programs. */
export function toJson(results: readonly Result[]): string {
  return JSON.stringify(
    results.map(({ point: { id, what, expected }, outcome }) => ({ id, what, expected, ...outcome })),
    null,
    2,
  );
}
