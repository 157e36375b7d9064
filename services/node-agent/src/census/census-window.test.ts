import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { countLongLived, LONG_LIVED_MS, samplesNeeded, type CensusSample } from "./census-window.ts";

const samples = (...given: readonly (readonly [seconds: number, counts: Readonly<Record<number, number>>])[]): CensusSample[] =>
  given.map(([seconds, counts]) => ({
    atMs: seconds * 1000,
    established: new Map(Object.entries(counts).map(([netns, count]) => [BigInt(netns), count])),
  }));

describe("how many connections are long-lived", () => {
  const cases: [what: string, given: CensusSample[], expected: ReturnType<typeof countLongLived>][] = [
    ["is not known before the first look", samples(), undefined],
    ["is not known before 30 s are seen", samples([11, { 1: 5 }], [39, { 1: 5 }]), undefined],
    ["is all that stayed", samples([10, { 1: 5 }], [25, { 1: 5 }], [40, { 1: 5 }]), { established: 5, longLived: 5 }],
    ["is no more than the least of that time", samples([10, { 1: 5 }], [25, { 1: 2 }], [40, { 1: 9 }]), { established: 9, longLived: 2 }],
    ["counts a namespace that came since for nothing", samples([10, {}], [40, { 2: 7 }]), { established: 7, longLived: 0 }],
    ["forgets a namespace that went", samples([10, { 1: 5, 2: 1 }], [40, { 2: 1 }]), { established: 1, longLived: 1 }],
    ["does not look further back than it must", samples([1, { 1: 0 }], [10, { 1: 5 }], [40, { 1: 5 }]), { established: 5, longLived: 5 }],
  ];
  for (const [what, given, expected] of cases) it(what, () => assert.deepEqual(countLongLived(given, 40_000), expected));

  it("is never less than those that are really older, whatever comes and goes between", () => {
    const lives = fc.array(fc.record({ netns: fc.bigInt({ min: 1n, max: 3n }), from: fc.nat(90_000), lasts: fc.nat(90_000) }));
    fc.assert(
      fc.property(lives, fc.integer({ min: 1000, max: 10_000 }), (connections, stepMs) => {
        const nowMs = 90_000;
        const alive = (atMs: number) => connections.filter(({ from, lasts }) => from <= atMs && from + lasts > atMs);
        const looks = Array.from({ length: Math.floor(nowMs / stepMs) + 1 }, (_, index) => nowMs - index * stepMs).toReversed();
        const taken = looks.map((atMs) => {
          const established = Map.groupBy(alive(atMs), ({ netns }) => netns);
          return { atMs, established: new Map([...established].map(([netns, list]) => [netns, list.length])) };
        });
        const older = alive(nowMs).filter(({ from }) => nowMs - from > LONG_LIVED_MS + stepMs).length;
        const counted = countLongLived(taken, nowMs);
        assert.ok(counted !== undefined && counted.longLived >= older && counted.longLived <= counted.established);
        assert.equal(counted.established, alive(nowMs).length);
        assert.deepEqual(countLongLived(samplesNeeded(taken, nowMs), nowMs), counted);
      }),
    );
  });
});
