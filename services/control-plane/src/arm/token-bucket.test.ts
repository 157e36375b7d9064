import assert from "node:assert/strict";
import { test } from "node:test";
import { hasToken, refilled, secondsUntilToken, taken } from "./token-bucket.ts";

const limit = { size: 10, refillPerSecond: 2 };
const rows: readonly (readonly [name: string, tokens: number | undefined, laterMs: number, left: number, seconds: number])[] = [
  ["never used", undefined, 0, 10, 1],
  ["half a second gives one", 0, 500, 1, 1],
  ["never more than its size", 9.9, 60_000, 10, 1],
  ["parts of a request are kept", 0, 100, 0.2, 1],
  ["a clock that went back gives nothing", 3, -5_000, 3, 1],
];
for (const [name, tokens, laterMs, left, seconds] of rows)
  test(name, () => {
    const bucket = refilled(tokens === undefined ? undefined : { tokens, atMs: 1_000 }, limit, 1_000 + laterMs);
    assert.deepEqual([bucket.tokens, hasToken(bucket), secondsUntilToken(bucket, limit)], [left, left >= 1, seconds]);
  });

test("the wait is told in whole seconds, and never as zero", () => {
  assert.equal(secondsUntilToken({ tokens: 0, atMs: 0 }, { size: 1, refillPerSecond: 1_000 }), 1);
  assert.equal(secondsUntilToken({ tokens: -4, atMs: 0 }, limit), 3);
  assert.equal(taken({ tokens: 3, atMs: 7 }).tokens, 2);
});
