import assert from "node:assert/strict";
import { test } from "node:test";
import { retryPauseMs, STEP_TRIES_DEFAULT } from "./step-faults.ts";

test("what fails is tried again after a second, then twice as long each time, never after more than a minute", () => {
  assert.deepEqual(
    [1, 2, 3, 6, 7, 20, 1_000].map((tries) => retryPauseMs(tries, 0)),
    [1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000],
  );
});

test("chance takes away up to half, so that clusters which failed together are not tried together", () => {
  assert.deepEqual([retryPauseMs(3, 0.5), retryPauseMs(3, 1)], [3_000, 2_000]);
});

test("all tries together are between seven and fifteen minutes", () => {
  const sum = (chance: number): number =>
    Array.from({ length: STEP_TRIES_DEFAULT - 1 }, (_, at) => retryPauseMs(at + 1, chance)).reduce((a, b) => a + b, 0);
  assert.ok(sum(1) > 7 * 60_000 - 30_000 && sum(0) < 15 * 60_000);
});
