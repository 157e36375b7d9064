import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSeries } from "./guest-kernel.ts";

test("kernels are named by their series, one for each machine", () => {
  assert.deepEqual(parseSeries("6.1,6.12,6.12"), ["6.1", "6.12", "6.12"]);
});

for (const text of ["", "6.12,", "6.2", "6.12 6.1", "toString", " 6.1"])
  test(`refused: "${text}"`, () => {
    assert.equal(parseSeries(text), undefined);
  });
