import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { as, type Instant } from "./brand.ts";
import { chargesUntil, daysBetween, meterRound, sumUsage, USAGE_GAP_MS, type EnabledNode, type UsageInterval } from "./usage.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe("time cut at UTC midnights", () => {
  const at = (text: string): number => Date.parse(text);
  const cases: [what: string, from: string, to: string, expected: Record<string, number>][] = [
    ["within a day", "2026-03-01T10:00:00Z", "2026-03-01T12:00:00Z", { "2026-03-01": 2 }],
    ["over midnight", "2026-03-01T23:00:00Z", "2026-03-02T02:00:00Z", { "2026-03-01": 1, "2026-03-02": 2 }],
    ["over the end of February", "2026-02-28T12:00:00Z", "2026-03-02T00:00:00Z", { "2026-02-28": 12, "2026-03-01": 24 }],
    ["nothing", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", {}],
  ];
  for (const [what, from, to, expected] of cases)
    it(what, () => {
      const cut = Object.fromEntries(daysBetween(at(from), at(to)).map(({ day, ms }) => [day, ms / HOUR_MS]));
      assert.deepEqual(cut, expected);
    });
});

/** One round of a random history. `enabled`: undefined when the cluster could not be looked at. `isLost`: it crashed before it was recorded. */
type Turn = {
  readonly afterMs: number;
  readonly enabled: readonly EnabledNode[] | undefined;
  readonly isLost: boolean;
  readonly isTwice: boolean;
};

const node = fc.record({ uid: fc.constantFrom("a", "b", "c"), bootId: fc.constantFrom("1", "2"), pool: fc.constantFrom("p", "q") });
const enabled = fc.uniqueArray(node, { maxLength: 3, selector: ({ uid }) => uid });
const turn: fc.Arbitrary<Turn> = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 1, max: USAGE_GAP_MS }), fc.integer({ min: USAGE_GAP_MS, max: 2 * DAY_MS })),
  enabled: fc.option(enabled, { nil: undefined, freq: 3 }),
  isLost: fc.boolean(),
  isTwice: fc.boolean(),
});

/** A store that keeps what rounds decide, and refuses what tables would: two open intervals of a node, a charge that is there already. */
class Ledger {
  open: readonly UsageInterval[] = [];
  seenAt: Instant | undefined;
  readonly charges = new Map<string, { day: string; pool: string; ms: number }>();

  record(seen: readonly EnabledNode[] | undefined, now: Instant): number {
    const { opened, settled, closed, charges } = meterRound({ open: this.open, enabled: seen, seenAt: this.seenAt, now });
    const gone = new Set(closed.map(({ interval }) => interval.uid));
    const moved = new Map(settled.map((interval) => [interval.uid, interval]));
    const kept = this.open.filter(
      ({ uid, bootId, pool }) => !closed.some(({ interval: one }) => one.uid === uid && one.bootId === bootId && one.pool === pool),
    );
    assert.ok(
      kept.every(({ uid }) => !gone.has(uid)),
      "a node has two open intervals",
    );
    this.open = [...kept.map((interval) => moved.get(interval.uid) ?? interval), ...opened];
    assert.equal(new Set(this.open.map(({ uid }) => uid)).size, this.open.length, "a node has two open intervals");
    for (const { interval, day, ms } of charges) {
      const key = [interval.uid, interval.openedAt, day, ms < 0].join(" ");
      assert.ok(!this.charges.has(key), `${key} is charged twice`);
      this.charges.set(key, { day, pool: interval.pool, ms });
    }
    if (seen !== undefined) this.seenAt = now;
    return opened.length + settled.length + closed.length + charges.length;
  }

  usage(now: Instant): ReturnType<typeof sumUsage> {
    const running = this.open
      .flatMap((interval) => chargesUntil(interval, now))
      .map(({ interval: { pool }, day, ms }) => ({ day, pool, ms }));
    return sumUsage([...this.charges.values(), ...running]);
  }
}

/** Time by day and pool as one would count it by hand: between two looks a node counts that was on at the first, unless it was missed too long after it. */
function byHand(looks: readonly { at: number; enabled: readonly EnabledNode[] }[], now: number): Record<string, number> {
  const sums: Record<string, number> = {};
  looks.forEach(({ at, enabled: on }, index) => {
    const next = looks[index + 1];
    for (const one of on) {
      const stays = next?.enabled.some(({ uid, bootId, pool }) => uid === one.uid && bootId === one.bootId && pool === one.pool) ?? true;
      if (!stays && next !== undefined && next.at - at > USAGE_GAP_MS) continue;
      for (let day = at - (at % DAY_MS); day < (next?.at ?? now); day += DAY_MS) {
        const ms = Math.min(next?.at ?? now, day + DAY_MS) - Math.max(at, day);
        const key = `${new Date(day).toISOString().slice(0, 10)} ${one.pool}`;
        if (ms > 0) sums[key] = (sums[key] ?? 0) + ms;
      }
    }
  });
  return sums;
}

describe("metering", () => {
  it("comes to the same as counting by hand, whatever comes, goes, crashes and is repeated, and charges nothing twice", () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 25 }), fc.nat(2 * DAY_MS), (turns, restMs) => {
        const ledger = new Ledger();
        const looks: { at: number; enabled: readonly EnabledNode[] }[] = [];
        let now = Date.UTC(2026, 1, 27, 22);
        for (const { afterMs, enabled: seen, isLost, isTwice } of turns) {
          now += afterMs;
          if (isLost) continue;
          ledger.record(seen, as<Instant>(now));
          if (isTwice) assert.equal(ledger.record(seen, as<Instant>(now)), 0, "the same round again changes something");
          if (seen !== undefined) looks.push({ at: now, enabled: seen });
        }
        now += restMs;
        const usage = ledger.usage(as<Instant>(now)).filter(({ ms }) => ms !== 0);
        assert.deepEqual(Object.fromEntries(usage.map(({ day, pool, ms }) => [`${day} ${pool}`, ms])), byHand(looks, now));
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes back what was charged while nobody could look, by a charge below zero", () => {
    const ledger = new Ledger();
    const on = [{ uid: "a", bootId: "1", pool: "p" }];
    const hour = (hours: number): Instant => as<Instant>(Date.UTC(2026, 2, 1) + hours * HOUR_MS);
    ledger.record(on, hour(20));
    ledger.record(on, hour(22));
    ledger.record(undefined, hour(50));
    assert.deepEqual(
      ledger.usage(hour(50)).map(({ day, ms }) => [day, ms / HOUR_MS]),
      [
        ["2026-03-01", 4],
        ["2026-03-02", 24],
        ["2026-03-03", 2],
      ],
    );
    ledger.record([], hour(51));
    assert.deepEqual(
      ledger.usage(hour(60)).map(({ day, ms, correctionsMs }) => [day, ms / HOUR_MS, correctionsMs / HOUR_MS]),
      [
        ["2026-03-01", 2, -2],
        ["2026-03-02", 0, -24],
      ],
    );
  });
});
