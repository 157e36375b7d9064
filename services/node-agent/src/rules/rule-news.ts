import { noteRoom, type Regarding, type Telling } from "../events/telling.ts";
import type { WrittenVerdict } from "./changed-by.ts";
import { rulesMessage } from "./rules-message.ts";

/** One state that the rules were in, with the same rules at fault. `times`: how often it began, and was told again, before `since`. */
export type RuleNews = {
  readonly reason: "UnexpectedIPTablesRules" | "UnreadableIPTablesRules" | "RulesClean";
  readonly key: string;
  readonly note: string;
  readonly times: number;
  readonly since: number;
  /** Absent: it is so now. */
  readonly until?: number;
};

/** What lasts is told again, so that its Event outlives the hour for which the API server keeps one. */
const AGAIN_MS = 30 * 60_000;
/** What is over is told of for so long, and of so many: enough for an Event to be written in spite of every limit. */
const OVER_MS = 10 * 60_000;
const OVER_MAX = 20;

const REASONS = { Dirty: "UnexpectedIPTablesRules", Unknown: "UnreadableIPTablesRules", Clean: "RulesClean" } as const;

/** The news with a verdict that is another than the last. That a node is clean is news only after it was not. Pure. @param now milliseconds since 1970 */
export function withVerdict(before: readonly RuleNews[], verdict: WrittenVerdict, now: number): readonly RuleNews[] {
  const reason = REASONS[verdict.state];
  if (reason === "RulesClean" && before.length === 0) return before;
  const { digest: key } = verdict;
  const known = before.find((one) => one.reason === reason && one.key === key);
  const over = before.filter((one) => one !== known).map((one) => ({ ...one, until: one.until ?? now }));
  const recent = over.filter((one) => isRecent(one, now)).slice(-OVER_MAX);
  const times = 1 + (known === undefined ? 0 : timesOf(known, now));
  return [...recent, { reason, key, note: noteOf(verdict), times, since: now }];
}

/** What Events are to say of the rules. */
export function ruleTellings(news: readonly RuleNews[], regarding: Regarding, now: number): Telling[] {
  return news
    .filter((one) => isRecent(one, now))
    .map((one) => ({ reason: one.reason, regarding, key: one.key, note: one.note, count: timesOf(one, now) }));
}

function timesOf({ reason, times, since, until }: RuleNews, now: number): number {
  return reason === "RulesClean" ? times : times + Math.max(0, Math.floor(((until ?? now) - since) / AGAIN_MS));
}

function isRecent({ until }: RuleNews, now: number): boolean {
  return until === undefined || now - until < OVER_MS;
}

function noteOf(verdict: WrittenVerdict): string {
  if (verdict.state === "Clean") return "No rule is left that host routing would pass by.";
  return rulesMessage(verdict, { max: noteRoom(REASONS[verdict.state]), sizeOf: (text) => Buffer.byteLength(text) });
}
