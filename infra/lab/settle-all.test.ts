import assert from "node:assert/strict";
import { test } from "node:test";
import { settleAll } from "./settle-all.ts";

test("values come in the order of the work", async () => {
  const [one, two] = await settleAll([Promise.resolve(1), Promise.resolve("two")]);
  assert.deepEqual([one, two], [1, "two"]);
});

test("a failure is thrown only when the rest has ended", async () => {
  const slow = Promise.withResolvers<void>();
  let ended = false;
  const all = settleAll([Promise.reject(new Error("first")), slow.promise.then(() => (ended = true))]);
  slow.resolve();
  await assert.rejects(all, /first/);
  assert.ok(ended);
});
