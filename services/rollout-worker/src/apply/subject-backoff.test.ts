import assert from "node:assert/strict";
import { test } from "node:test";
import { SubjectBackoff } from "./subject-backoff.ts";

test("what failed is tried after pauses that grow, and what did not at once", () => {
  let now = 0;
  const backoff = new SubjectBackoff(
    () => now,
    () => 0,
  );
  const pauses = [1_000, 2_000, 4_000, 8_000].map((pauseMs) => {
    backoff.failed("node n1");
    const [before, other, next] = [backoff.mayTry("node n1"), backoff.mayTry("node n2"), backoff.nextInMs()];
    now += pauseMs - 1;
    const early = backoff.mayTry("node n1");
    now += 1;
    return [before, other, next, early, backoff.mayTry("node n1")];
  });
  assert.deepEqual(
    pauses,
    [1_000, 2_000, 4_000, 8_000].map((pauseMs) => [false, true, pauseMs, false, true]),
  );
});

test("what succeeded, or is wanted no more, begins anew", () => {
  const backoff = new SubjectBackoff(
    () => 0,
    () => 0,
  );
  for (const subject of ["a", "b", "c"]) backoff.failed(subject);
  backoff.succeeded("a");
  backoff.keepOnly(new Set(["a", "c"]));
  assert.deepEqual([backoff.mayTry("a"), backoff.mayTry("b"), backoff.mayTry("c"), backoff.isEmpty], [true, true, false, false]);
  backoff.keepOnly(new Set());
  assert.deepEqual([backoff.isEmpty, backoff.nextInMs()], [true, 0]);
});
