import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketTable } from "./bucket-table.ts";

const limit = { size: 10, refillPerSecond: 1 };
const empty = (atMs: number) => ({ bucket: { tokens: 0, atMs }, limit });
const full = (atMs: number) => ({ bucket: { tokens: 10, atMs }, limit });

test("never more than its size, whoever comes: full ones, empty ones, in turns", () => {
  const table = bucketTable(100);
  for (let n = 0; n < 10_000; n++) {
    table.put(`k${n}`, n % 3 === 0 ? empty(n) : full(n), n);
    assert.ok(table.size() <= 100);
  }
});

test("a flood of full buckets does not displace an empty one; once it is full again it may go", () => {
  const table = bucketTable(100);
  table.put("drained", empty(0), 0);
  const flood = (fromMs: number): void => {
    for (let n = 0; n < 1_000; n++) table.put(`${fromMs}-${n}`, full(fromMs), fromMs);
  };
  flood(5_000);
  assert.deepEqual(table.get("drained"), { tokens: 0, atMs: 0 });
  flood(10_000);
  assert.equal(table.get("drained"), undefined);
});

test("what is used is kept, and read as it was put last", () => {
  const table = bucketTable(8);
  for (let n = 0; n < 100; n++) {
    table.put("mine", { bucket: { tokens: 10 - n / 100, atMs: 1_000_000 }, limit }, n);
    table.put(`k${n}`, full(n), n);
    assert.equal(table.get("mine")?.tokens, 10 - n / 100);
  }
});
