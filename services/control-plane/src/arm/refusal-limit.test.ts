import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalLimit } from "./refusal-limit.ts";

const nobody = { subscriptionId: "s", principal: undefined };
const somebody = { subscriptionId: "s", principal: { tenantId: "t", objectId: "o", name: "n", type: "User" } } as const;

test("sixty refusals a minute are written, the rest is counted in the next one that is", () => {
  const limit = refusalLimit();
  for (let n = 0; n < 60; n++) assert.equal(limit(nobody, 0), 0);
  for (let n = 0; n < 5; n++) assert.equal(limit(nobody, 59_999), undefined);
  assert.deepEqual([limit(nobody, 60_000), limit(nobody, 60_000)], [5, 0]);
});

test("callers are counted apart", () => {
  const limit = refusalLimit();
  for (let n = 0; n < 61; n++) limit(nobody, 0);
  assert.deepEqual([limit(nobody, 1), limit(somebody, 1), limit({ ...nobody, subscriptionId: "u" }, 1)], [undefined, 0, 0]);
});

test("however many callers there are, only the last ones are remembered", () => {
  const limit = refusalLimit();
  for (let n = 0; n < 61; n++) limit(nobody, 0);
  for (let n = 0; n < 10_000; n++) limit({ subscriptionId: String(n), principal: undefined }, 0);
  assert.equal(limit(nobody, 1), 0);
});
