import { as, type Instant } from "./brand.ts";

const DAY_MS = 86_400_000;

/**
 * A node that is found to have left after the cluster was not seen for longer is charged until it was seen last; otherwise until it was missed, which
 * is one look later.
 */
export const USAGE_GAP_MS = 15 * 60_000;

/** A node on which host routing is on. `bootId`: another boot is another interval. */
export type EnabledNode = { readonly uid: string; readonly bootId: string; readonly pool: string };

/**
 * For how long a node has been enabled, until now. `chargedUntil`: what lies before it stands in charges already; the beginning of a UTC day, or
 * `openedAt`.
 */
export type UsageInterval = EnabledNode & { readonly openedAt: Instant; readonly chargedUntil: Instant };

/** Time of one node on one UTC day (`YYYY-MM-DD`). A negative one is a correction. Never changed once it is written. */
export type UsageCharge = { readonly interval: UsageInterval; readonly day: string; readonly ms: number };

/** What a round makes of a cluster's intervals. `open` is complete; `settled` are those of them that were there before and whose `chargedUntil` moved. */
export type UsageRound = {
  readonly opened: readonly UsageInterval[];
  readonly settled: readonly UsageInterval[];
  readonly closed: readonly { readonly interval: UsageInterval; readonly closedAt: Instant }[];
  readonly charges: readonly UsageCharge[];
};

/** What a round starts from. `enabled`: all nodes that are; undefined when nobody could look. `seenAt`: when somebody could last, if ever. */
export type UsageLook = {
  readonly open: readonly UsageInterval[];
  readonly enabled: readonly EnabledNode[] | undefined;
  readonly seenAt: Instant | undefined;
  readonly now: Instant;
};

/**
 * Opens an interval for each node that is enabled and has none, closes those of nodes that are not any more, and charges days that are over. Nothing
 * that is so already changes, so a round that comes twice counts once. While nobody can look, days are charged as if all went on; what turns out to
 * be too much is taken back by charges below zero. Pure.
 */
export function meterRound({ open, enabled, seenAt, now }: UsageLook): UsageRound {
  const wanted = enabled === undefined ? undefined : new Map(enabled.map((node) => [keyOf(node), node]));
  const stays = open.filter((interval) => wanted === undefined || wanted.has(keyOf(interval)));
  const kept = new Set(stays.map(keyOf));
  const ends = open.filter((interval) => !kept.has(keyOf(interval)));
  const known = seenAt === undefined || now - seenAt <= USAGE_GAP_MS ? now : seenAt;
  const closed = ends.map((interval) => ({ interval, closedAt: later(known, interval.openedAt) }));
  const opened = [...(wanted ?? new Map<string, EnabledNode>())]
    .filter(([key]) => !kept.has(key))
    .map(([, { uid, bootId, pool }]) => ({ uid, bootId, pool, openedAt: now, chargedUntil: now }));
  const today = as<Instant>(now - (now % DAY_MS));
  const due = stays.filter(({ chargedUntil }) => chargedUntil < today);
  return {
    opened,
    settled: due.map((interval) => ({ ...interval, chargedUntil: today })),
    closed,
    charges: [
      ...closed.flatMap(({ interval, closedAt }) => chargesUntil(interval, closedAt)),
      ...due.flatMap((interval) => chargesUntil(interval, today)),
    ],
  };
}

/** What is to be charged so that an interval is charged until `until` and no further: less than nothing where it is charged further. Pure. */
export function chargesUntil(interval: UsageInterval, until: Instant): readonly UsageCharge[] {
  const { chargedUntil } = interval;
  if (until >= chargedUntil) return daysBetween(chargedUntil, until).map(({ day, ms }) => ({ interval, day, ms }));
  return daysBetween(until, chargedUntil).map(({ day, ms }) => ({ interval, day, ms: -ms }));
}

/** The time from one instant to a later one, cut at UTC midnights. Pure. */
export function daysBetween(from: number, to: number): readonly { readonly day: string; readonly ms: number }[] {
  const days: { day: string; ms: number }[] = [];
  for (let at = from; at < to;) {
    const end = Math.min(to, at - (at % DAY_MS) + DAY_MS);
    days.push({ day: new Date(at).toISOString().slice(0, "YYYY-MM-DD".length), ms: end - at });
    at = end;
  }
  return days;
}

/** What was used on a day by a pool; `corrections` (0 or less) are in `ms` already. */
export type DailyUsage = { readonly day: string; readonly pool: string; readonly ms: number; readonly correctionsMs: number };

/** Charges summed up by day and pool, in that order. Pure. */
export function sumUsage(charges: readonly { readonly day: string; readonly pool: string; readonly ms: number }[]): readonly DailyUsage[] {
  const sums = new Map<string, DailyUsage>();
  for (const { day, pool, ms } of charges) {
    const key = `${day} ${pool}`;
    const before = sums.get(key) ?? { day, pool, ms: 0, correctionsMs: 0 };
    sums.set(key, { ...before, ms: before.ms + ms, correctionsMs: before.correctionsMs + Math.min(0, ms) });
  }
  return [...sums.values()].toSorted((a, b) => (a.day === b.day ? (a.pool < b.pool ? -1 : 1) : a.day < b.day ? -1 : 1));
}

function keyOf({ uid, bootId, pool }: EnabledNode): string {
  return JSON.stringify([uid, bootId, pool]);
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}
