import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AnalysisOutcome } from "@hostrouting/domain";
import fc from "fast-check";
import { judgeMetric, metricVerdict, nodeVerdict, together, type AnalysisLimits } from "./judge.ts";
import { METRICS, type Metric, type NodeView, type Reading } from "./metrics.ts";

const limits: AnalysisLimits = {
  analysisCount: 6,
  analysisFailureLimit: 1,
  analysisInconclusiveLimit: 3,
  analysisConsecutiveErrorLimit: 4,
};

const emptyView: NodeView = { isReady: true, report: undefined, now: undefined, last: undefined, first: undefined };

function reading(compare: Metric["compare"], limit: number, read: ReturnType<Metric["read"]>): Metric {
  return { name: "m", compare, limit, tolerated: 3, unit: "per second", scale: 1, read: () => read };
}

const outcomeOf = (metric: Metric, base?: Reading): AnalysisOutcome | undefined => judgeMetric(metric, emptyView, base)?.outcome;

describe("judgeMetric", () => {
  const cases: readonly [string, Metric, Reading | undefined, AnalysisOutcome | undefined][] = [
    ["absolute, at its limit", reading("Absolute", 0.8, { events: 8, per: 10 }), undefined, "Successful"],
    ["absolute, above", reading("Absolute", 0.8, { events: 9, per: 10 }), undefined, "Failed"],
    ["not measured", reading("Absolute", 1, "NotMeasured"), undefined, undefined],
    ["not known", reading("Absolute", 1, "Unknown"), undefined, "Inconclusive"],
    ["no more than others", reading("DeltaToControl", 0, { events: 1, per: 10 }), { events: 1, per: 10 }, "Successful"],
    ["more than others", reading("DeltaToControl", 0, { events: 2, per: 10 }), { events: 1, per: 10 }, "Failed"],
    ["nothing to compare with, however good", reading("DeltaToControl", 0, { events: 0, per: 10 }), undefined, "Inconclusive"],
    ["nothing to compare a rate with", reading("RatioToControl", 1.5, { events: 0, per: 10 }), undefined, "Inconclusive"],
    ["half as much again", reading("RatioToControl", 1.5, { events: 15, per: 10 }), { events: 10, per: 10 }, "Successful"],
    ["more than that", reading("RatioToControl", 1.5, { events: 16, per: 10 }), { events: 10, per: 10 }, "Failed"],
    ["so few that they say nothing", reading("RatioToControl", 1.5, { events: 3, per: 10 }), { events: 0, per: 10 }, "Successful"],
    ["more than few, and none elsewhere", reading("RatioToControl", 1.5, { events: 4, per: 10 }), { events: 0, per: 10 }, "Failed"],
  ];
  for (const [what, metric, base, outcome] of cases) it(what, () => assert.equal(outcomeOf(metric, base), outcome));

  it("says by how much, in the metric's unit", () => {
    const metric = { ...reading("RatioToControl", 1.5, { events: 90, per: 30_000 }), scale: 1000 };
    assert.equal(judgeMetric(metric, emptyView, { events: 6, per: 60_000 })?.message, "3 per second against 0.1 per second.");
  });
});

describe("metricVerdict", () => {
  const cases: readonly [string, boolean, AnalysisOutcome | undefined][] = [
    ["SSS", false, undefined],
    ["SSSSSS", true, "Successful"],
    ["SSFSSS", true, "Successful"],
    ["SF", false, undefined],
    ["SFF", false, "Failed"],
    ["FSSSSF", true, "Failed"],
    ["IIISSS", true, "Successful"],
    ["IIII", false, "Inconclusive"],
    ["EEEE", false, undefined],
    ["EEEEE", false, "Error"],
    ["EEEES", true, "Successful"],
    ["III", true, "Inconclusive"],
    ["E", true, "Error"],
    ["F", true, "Failed"],
    ["", true, "Inconclusive"],
  ];
  for (const [marks, isOver, verdict] of cases)
    it(`${marks || "nothing"} ${isOver ? "at the end" : "so far"}: ${verdict ?? "goes on"}`, () =>
      assert.equal(metricVerdict(marks, limits, isOver), verdict));
});

describe("nodeVerdict", () => {
  it("goes on until every measurement was made, unless a limit is passed", () => {
    assert.equal(nodeVerdict({ report: "SSSSS", a: "SSSSS" }, limits), undefined);
    assert.equal(nodeVerdict({ report: "SS", a: "SS", b: "FF" }, limits), "Failed");
    assert.equal(nodeVerdict({ report: "SSSSSS", a: "SSSSSS", b: "SFSSSS" }, limits), "Successful");
  });

  it("takes the worst", () => {
    assert.equal(nodeVerdict({ report: "SSSSSS", a: "IIIISS", b: "FFSSSS" }, limits), "Failed");
    assert.equal(nodeVerdict({ report: "SSSSSS", a: "SSSSSS", b: "IIIISS" }, limits), "Inconclusive");
  });
});

/** From best to worst. */
const RANK: readonly AnalysisOutcome[] = ["Successful", "Inconclusive", "Error", "Failed"];

/** Measurements one by one: the first limit that is passed decides. */
function asItHappens(letters: string, any: AnalysisLimits): AnalysisOutcome {
  const early = [...letters].map((_, at) => metricVerdict(letters.slice(0, at + 1), any, false)).find((verdict) => verdict !== undefined);
  return early ?? metricVerdict(letters, any, true) ?? "Failed";
}

const marks = fc.string({ unit: fc.constantFrom("S", "F", "I", "E"), maxLength: 12 });
const anyLimits = fc.record({
  analysisCount: fc.integer({ min: 1, max: 12 }),
  analysisFailureLimit: fc.integer({ min: 0, max: 5 }),
  analysisInconclusiveLimit: fc.integer({ min: 0, max: 5 }),
  analysisConsecutiveErrorLimit: fc.integer({ min: 0, max: 5 }),
});
const readings = fc.array(fc.record({ events: fc.nat(1e6), per: fc.integer({ min: 1, max: 1e9 }) }), { minLength: 1, maxLength: 8 });

describe("whatever is measured", () => {
  it("a failure in place of a success never makes a verdict better", () => {
    fc.assert(
      fc.property(marks, fc.nat(), anyLimits, (letters, at, any) => {
        const places = [...letters].flatMap((letter, index) => (letter === "S" ? [index] : []));
        const place = places[at % Math.max(1, places.length)];
        if (place === undefined) return;
        const worse = `${letters.slice(0, place)}F${letters.slice(place + 1)}`;
        const [before, after] = [asItHappens(letters, any), asItHappens(worse, any)];
        assert.ok(RANK.indexOf(after) >= RANK.indexOf(before), `${letters}: ${before}, ${worse}: ${after}`);
      }),
    );
  });

  it("the order of nodes that are compared with does not matter", () => {
    fc.assert(
      fc.property(
        readings.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        fc.record({ events: fc.nat(1e6), per: fc.integer({ min: 1, max: 1e9 }) }),
        ([list, shuffled], own) => {
          for (const compare of ["DeltaToControl", "RatioToControl"] as const) {
            const metric = reading(compare, compare === "RatioToControl" ? 1.5 : 0, own);
            assert.deepEqual(judgeMetric(metric, emptyView, together(list)), judgeMetric(metric, emptyView, together(shuffled)));
          }
        },
      ),
    );
  });

  it("what is compared is never a success without anything to compare it with", () => {
    for (const metric of METRICS.filter(({ compare }) => compare !== "Absolute"))
      assert.notEqual(outcomeOf({ ...metric, read: () => ({ events: 0, per: 1 }) }), "Successful");
  });
});
