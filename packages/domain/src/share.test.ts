import assert from "node:assert/strict";
import { test } from "node:test";
import { percentOf, shareOf, type Share } from "./share.ts";

const cases: readonly [share: Share, total: number, round: "Down" | "Up", nodes: number][] = [
  [3, 100, "Down", 3],
  [0, 100, "Up", 0],
  ["10%", 100, "Down", 10],
  ["10%", 19, "Down", 1],
  ["10%", 19, "Up", 2],
  ["10%", 3, "Down", 0],
  ["10%", 3, "Up", 1],
  ["0%", 3, "Up", 0],
  ["100%", 7, "Up", 7],
  // 29 % of 100 is 28.999… when it is multiplied as 0.29
  ["29%", 100, "Down", 29],
  ["7%", 100, "Up", 7],
];

for (const [share, total, round, nodes] of cases)
  test(`${share} of ${total}, ${round}: ${nodes}`, () => assert.equal(shareOf(share, total, round), nodes));

test("only whole percentages are percentages", () => {
  for (const text of ["10", "%", "1.5%", "-1%", "+1%", "010%", "1000%", " 1%", "1 %", 10, null]) assert.equal(percentOf(text), undefined);
  assert.deepEqual([percentOf("0%"), percentOf("7%"), percentOf("100%")], [0, 7, 100]);
});
