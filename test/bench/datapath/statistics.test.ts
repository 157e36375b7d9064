import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSteady, LIMIT, pairedRatio, spreadOf, type Sample } from "./statistics.ts";

const sample = (limitBefore: number, limitAfter: number, rates: Record<string, number> = {}): Sample => ({
  limitBefore,
  limitAfter,
  rates,
});

describe("spread", () => {
  const cases: [number[], ReturnType<typeof spreadOf>][] = [
    [[7], { median: 7, low: 7, high: 7 }],
    [[1, 2], { median: 1.5, low: 1.25, high: 1.75 }],
    [[5, 1, 3, 2, 4], { median: 3, low: 2, high: 4 }],
    [[10, 9, 100], { median: 10, low: 9.5, high: 55 }],
  ];
  for (const [values, expected] of cases) it(`of ${values.join(", ")}`, () => assert.deepEqual(spreadOf(values), expected));

  it("of nothing is refused", () => assert.throws(() => spreadOf([]), RangeError));
});

describe("a round counts", () => {
  const cases: [string, Sample, boolean][] = [
    ["with an unmoved limit", sample(100, 100), true],
    ["at 5 % more", sample(95, 100), true],
    ["at 5 % less", sample(100, 95), true],
    ["not above", sample(94.9, 100), false],
    ["not below", sample(100, 94.9), false],
  ];
  for (const [what, given, expected] of cases) it(what, () => assert.equal(isSteady(given), expected));
});

describe("ratio within rounds", () => {
  const drifting = [sample(100, 100, { ours: 90, legacy: 60 }), sample(50, 50, { ours: 45, legacy: 30 }), sample(80, 80, { ours: 72 })];
  const cases: [string, string, number | undefined][] = [
    ["ours", LIMIT, 0.9],
    ["ours", "legacy", 1.5],
    [LIMIT, "legacy", 100 / 60],
    ["ours", "nothing", undefined],
  ];
  for (const [top, bottom, expected] of cases)
    it(`${top} / ${bottom} does not follow the machine`, () => assert.equal(pairedRatio(drifting, top, bottom)?.median, expected));

  it("takes the limit's mean of before and after", () =>
    assert.equal(pairedRatio([sample(98, 102, { ours: 50 })], "ours", LIMIT)?.median, 0.5));
});
