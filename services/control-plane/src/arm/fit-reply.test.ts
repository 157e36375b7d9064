import assert from "node:assert/strict";
import { test } from "node:test";
import { fitReply } from "./fit-reply.ts";

const MEBIBYTE = 1024 * 1024;
const items = (count: number, bytes: number): readonly string[] => Array.from({ length: count }, () => "x".repeat(bytes));

for (const [name, count, bytes, fits] of [
  ["nothing", 0, 0, 0],
  ["small ones all", 100, 20 * 1024, 100],
  ["large ones in part", 40, MEBIBYTE / 2, 13],
  ["one that is too large by itself", 3, 9 * MEBIBYTE, 1],
] as const)
  test(`of ${count} items of ${bytes} bytes: ${name}`, () => {
    const fitting = fitReply(items(count, bytes));
    assert.equal(fitting.length, fits);
  });

test("bytes count, not characters", () => assert.equal(fitReply(items(10, 1).map(() => "é".repeat(MEBIBYTE))).length, 3));
