import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compareSamples } from "./benefit.ts";

const compare = (switched: readonly number[], compared: readonly number[]) => compareSamples("f", "u", { switched, compared });

describe("compareSamples", () => {
  it("tells a gain only where the whole interval lies below 0", () => {
    assert.deepEqual(compare([1, 2, 3, 4, 5, 6], [11, 12, 13, 14, 15, 16]), {
      name: "f",
      unit: "u",
      verdict: "Better",
      switchedSamples: 6,
      comparedSamples: 6,
      difference: -10,
      low: -13,
      high: -7,
    });
    assert.equal(compare([11, 12, 13, 14, 15, 16], [1, 2, 3, 4, 5, 6]).verdict, "Worse");
    assert.equal(compare([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5]).verdict, "NoMeasurableGain");
  });

  it("says nothing of five samples, however different", () => {
    assert.equal(compare([1, 1, 1, 1, 1], [9, 9, 9, 9, 9, 9]).verdict, "NotEnoughSamples");
    assert.equal(compare([], []).difference, undefined);
  });

  it("is moved by no outlier", () =>
    assert.equal(compare([1, 2, 3, 4, 5, 1e9], [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]).verdict, "NoMeasurableGain"));

  it("depends on no order, and sees the other side's gain as a loss", () => {
    const samples = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 6, maxLength: 20 });
    const turned = {
      Better: "Worse",
      Worse: "Better",
      NoMeasurableGain: "NoMeasurableGain",
      NotEnoughSamples: "NotEnoughSamples",
    } as const;
    fc.assert(
      fc.property(samples, samples, (a, b) => {
        assert.deepEqual(compare(a.toReversed(), b.toReversed()), compare(a, b));
        assert.equal(compare(b, a).verdict, turned[compare(a, b).verdict]);
      }),
    );
  });
});
