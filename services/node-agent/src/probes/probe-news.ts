import type { Regarding, Telling } from "../events/telling.ts";
import type { ProbeResult } from "./judge-probes.ts";

/** What pods were found to reach although a policy denies it. `times`: runs since the agent's start. */
export type ProbeNews = { readonly times: number; readonly note: string; readonly lastAt: number };

/** It is told of for so long after the last time: enough for an Event to be written in spite of every limit. */
const TOLD_MS = 10 * 60_000;

/** The news after another run; what must be reached and is not is no Event's matter, since the cluster's own tools say so. Pure. */
export function withRun(before: ProbeNews | undefined, results: readonly ProbeResult[], now: number): ProbeNews | undefined {
  const reached = results.filter(({ outcome, isReached }) => outcome === "Failed" && isReached);
  if (reached.length === 0) return before;
  return { times: (before?.times ?? 0) + 1, note: reached.map(({ message }) => message).join(" "), lastAt: now };
}

/** What Events are to say of it. Pure. */
export function probeTellings(news: ProbeNews | undefined, regarding: Regarding, now: number): Telling[] {
  if (news === undefined || now - news.lastAt >= TOLD_MS) return [];
  return [{ reason: "PolicyNotEnforced", regarding, key: "reached", note: news.note, count: news.times }];
}
