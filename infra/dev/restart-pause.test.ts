import assert from "node:assert/strict";
import { test } from "node:test";
import { crashesAfter, restartPauseMs } from "./restart-pause.ts";

test("the pause doubles from 100 ms and stays at 5 s", () => {
  assert.deepEqual([1, 2, 3, 6, 7, 50].map(restartPauseMs), [100, 200, 400, 3_200, 5_000, 5_000]);
});

test("a process that ran well for 30 s starts counting anew", () => {
  assert.equal(crashesAfter(4, 29_999), 5);
  assert.equal(crashesAfter(4, 30_000), 1);
});
