import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { beginning, makeTestStore, type TestStore } from "./testing/test-store.ts";

let tested: TestStore;
before(async () => {
  tested = await makeTestStore();
});
after(() => tested.close());

test("whoever was sent to an operation may follow it, nobody else, and no other operation", async () => {
  const { store, clusterId } = tested;
  const { begin, ...change } = beginning();
  await store.clusters.change(clusterId, () => ({ result: undefined, change: { ...change, begin } }));
  const { operationFollowers: followers } = store;
  const who = { tenantId: "t", objectId: "o" };
  await followers.add(begin.id, who);
  await followers.add(begin.id, who);
  assert.equal(await followers.has(begin.id, who), true);
  assert.equal(await followers.has(begin.id, { ...who, tenantId: "u" }), false);
  assert.equal(await followers.has(begin.id, { ...who, objectId: "p" }), false);
  assert.equal(await followers.has(beginning().begin.id, who), false);
});
