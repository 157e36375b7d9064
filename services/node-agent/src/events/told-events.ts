import type { EventObject, EventSeries } from "@hostrouting/events";
import type { Telling } from "./telling.ts";

/**
 * One thing that was told. `seen`: its occurrences that are accounted for; `count`: those that its Event shows, 0 when there is none, since it
 * was refused; `at`: when it was last written; `isKept`: its count outlives the process that saw it.
 */
export type Told = {
  readonly hash: string;
  readonly seen: number;
  readonly count: number;
  readonly name: string;
  readonly at: number;
  readonly isKept?: boolean;
};
/** One thing with occurrences that no Event shows yet. `tried`: a call whose end is not known, which may have made the Event. */
export type Waiting = { readonly hash: string; readonly untold: number; readonly tried?: Told };
/** A call that used up a place in the budgets. */
export type Spent = { readonly uid: string; readonly isPod: boolean; readonly reason?: string; readonly at: number };

/** Everything that was told; plain JSON. `sequence` names Events; `suppressed`: occurrences that were over before an Event could show them. */
export type ToldEvents = {
  readonly sequence: number;
  readonly told: readonly Told[];
  readonly waiting: readonly Waiting[];
  readonly spent: readonly Spent[];
  readonly suppressed: number;
};

/** Nothing was told. */
export const NOTHING_TOLD: ToldEvents = { sequence: 0, told: [], waiting: [], spent: [], suppressed: 0 };

/** The same for a process that begins to count: what it sees goes into the series that are there. */
export function begunAnew(before: ToldEvents): ToldEvents {
  return { ...before, told: before.told.map((one) => (one.isKept ? one : { ...one, seen: 0 })) };
}

/** One call to the API server: to make an Event that shows `count` occurrences, or to let one show `count`. */
export type EventWrite = {
  readonly hash: string;
  readonly telling: Telling;
  readonly untold: number;
  readonly count: number;
  readonly namespace: string;
  readonly name: string;
  readonly sequence: number;
} & ({ readonly kind: "Create"; readonly body: EventObject } | { readonly kind: "Patch"; readonly series: EventSeries });

/**
 * How a call ended. Gone: the Event is no more. Taken: there is one of that name already. Refused: no such Event is ever taken. Unknown: there was
 * no answer, or one that says to come back.
 */
export type WriteOutcome = "Written" | "Gone" | "Taken" | "Refused" | "Unknown";

/** What is known to be told after a call. One without an answer uses up its place as well: a server in trouble is not asked more often. */
export function afterWrite(before: ToldEvents, write: EventWrite, { outcome, now }: { outcome: WriteOutcome; now: number }): ToldEvents {
  const { regarding, reason, isKept } = write.telling;
  const spent = [...before.spent, { uid: regarding.uid, isPod: regarding.kind === "Pod", reason, at: now }];
  const after = { ...before, spent, sequence: Math.max(before.sequence, write.sequence) };
  const { hash, count, name } = write;
  const written: Told = { hash, seen: write.telling.count, count, name, at: now, ...(isKept && { isKept }) };
  switch (outcome) {
    case "Written":
      return settled(after, written);
    case "Refused":
      return settled({ ...after, suppressed: after.suppressed + suppressedBy(write) }, { ...written, count: shownBefore(write) });
    case "Gone":
      return { ...after, told: after.told.map((one) => (one.hash === write.hash ? { ...one, at: 0 } : one)) };
    case "Unknown":
      return write.kind === "Create" ? { ...after, waiting: after.waiting.map((one) => tried(one, written)) } : after;
    case "Taken":
      return taken(after, write.hash);
  }
}

/** Occurrences that are told to be suppressed are counted already. */
function suppressedBy({ telling, untold }: EventWrite): number {
  return telling.reason === "EventsSuppressed" ? 0 : untold;
}

function shownBefore({ kind, count, untold }: EventWrite): number {
  return kind === "Create" ? 0 : count - untold;
}

function settled(before: ToldEvents, told: Told): ToldEvents {
  return {
    ...before,
    told: [...before.told.filter(({ hash }) => hash !== told.hash), told],
    waiting: before.waiting.filter(({ hash }) => hash !== told.hash),
  };
}

/** The first try is the one that the server may have carried out; those behind it would have been answered Taken. */
function tried(waiting: Waiting, written: Told): Waiting {
  return waiting.hash === written.hash && waiting.tried === undefined ? { ...waiting, tried: written } : waiting;
}

/** By a call of ours that was carried out though it had no answer; by anybody else's, another name is tried. */
function taken(before: ToldEvents, hash: string): ToldEvents {
  const known = before.waiting.find((one) => one.hash === hash)?.tried;
  if (known === undefined) return before;
  return {
    ...before,
    told: [...before.told.filter((one) => one.hash !== hash), known],
    waiting: before.waiting.filter((one) => one.hash !== hash),
  };
}
