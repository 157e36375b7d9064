import assert from "node:assert/strict";
import { test } from "node:test";
import { retryLostRaces } from "./retry-lost-races.ts";

/** Fails with the given codes, one per call, then succeeds. */
function failing(codes: readonly string[]): { transaction: () => Promise<string>; calls: () => number } {
  let calls = 0;
  const transaction = async (): Promise<string> => {
    const code = codes[calls++];
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return "done";
  };
  return { transaction, calls: () => calls };
}

for (const [name, codes, calls, outcome] of [
  ["no race", [], 1, "done"],
  ["a deadlock, once", ["40P01"], 2, "done"],
  ["a second operation begun at the same moment, and a deadlock", ["23505", "40P01"], 3, "done"],
  ["three in a row are enough", ["40001", "40001", "40001"], 3, "40001"],
  ["any other error is not repeated", ["57P01"], 1, "57P01"],
] as const)
  test(name, async () => {
    const { transaction, calls: counted } = failing(codes);
    assert.equal(await retryLostRaces(transaction).catch((error: Error) => error.message), outcome);
    assert.equal(counted(), calls);
  });
