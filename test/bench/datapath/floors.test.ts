import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FLOORS, judge } from "./floors.ts";
import type { Judged } from "./report.ts";
import { LIMIT, type Sample } from "./statistics.ts";

const steady = (ours: number): Sample => ({ limitBefore: 100, limitAfter: 100, rates: { ours, "stack, 0 rules": 50 } });
const unsteady: Sample = { limitBefore: 100, limitAfter: 50, rates: { ours: 1 } };
const floor = { path: "same node", numerator: "ours", denominator: LIMIT, floor: 0.9, goal: 0.94 } as const;

describe("a floor", () => {
  const cases: [string, Sample[], Judged["verdict"]][] = [
    ["holds at the goal", [steady(94), steady(94), steady(94)], "Held"],
    ["holds below the goal", [steady(90), steady(92), steady(93)], "GoalMissed"],
    ["is missed by the median", [steady(95), steady(89), steady(89)], "Missed"],
    ["is unknown after two rounds", [steady(95), steady(95)], "Unknown"],
    ["does not count unsteady rounds", [steady(95), steady(95), unsteady], "Unknown"],
    ["is not spoilt by unsteady rounds", [steady(95), steady(95), steady(95), unsteady, unsteady, unsteady, unsteady], "Held"],
    ["is unknown without rounds", [], "Unknown"],
  ];
  for (const [what, samples, expected] of cases)
    it(what, () => {
      const [judged] = judge([{ path: "same node", traffic: "tcp-rr", samples }], [floor]);
      assert.equal(judged?.verdict, expected);
    });

  it("is asked of request and response, and not of streams", () => {
    const samples = [steady(95), steady(95), steady(95)];
    const all = (["tcp-rr", "udp-rr", "tcp-crr", "udp-flood", "tcp-bulk"] as const).map((traffic) => ({
      path: "same node" as const,
      traffic,
      samples,
    }));
    assert.deepEqual(
      judge(all, [floor]).map(({ traffic }) => traffic),
      ["tcp-rr", "udp-rr", "tcp-crr"],
    );
  });

  it("exists for every path", () => assert.deepEqual([...new Set(FLOORS.map(({ path }) => path))], ["same node", "cross node", "outside"]));
});
