import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { beginning, makeTestStore, registerTestCluster, type TestStore } from "./testing/test-store.ts";
import type { Aggregates } from "./open-store.ts";

let it: TestStore;
before(async () => {
  it = await makeTestStore();
});
after(() => it.close());

/** An accepted request: the cluster's etag changes and an operation begins. */
async function begin(store: Pick<Aggregates, "clusters">, etag: string): Promise<ReturnType<typeof beginning>["begin"]["id"]> {
  const change = beginning();
  await store.clusters.change(it.clusterId, (locked) => {
    assert.ok(locked);
    const cluster = { ...locked.cluster, etag, provisioningState: "Updating" as const, activeOperationId: change.begin.id };
    return { result: undefined, change: { ...change, cluster } };
  });
  return change.begin.id;
}

const etag = async (store: Pick<Aggregates, "clusters">): Promise<string | undefined> => (await store.clusters.get(it.clusterId))?.etag;

test("what is done in a trial shows there, and is gone afterwards", async () => {
  const seen = await it.store.trial(async ({ store }) => {
    await begin(store, "tried");
    await registerTestCluster(store.clusters, "tried");
    return [await etag(store), (await store.clusters.list({ subscriptionId: "11111111-1111-1111-1111-111111111111", limit: 9 })).length];
  });
  assert.deepEqual(seen, ["tried", 2]);
  assert.equal(await etag(it.store), "e1");
  assert.deepEqual(await it.store.operations.list(it.clusterId, 9), []);
});

test("nobody else sees it while it lasts", async () => {
  await it.store.trial(async ({ store }) => {
    await begin(store, "tried");
    assert.equal(await etag(it.store), "e1");
  });
});

test("a request that fails is taken back alone; the trial goes on, also after an error of the database", async () => {
  const seen = await it.store.trial(async ({ store, attempt }) => {
    await attempt(() => begin(store, "first"));
    await assert.rejects(
      attempt(() => begin(store, "second")),
      /operation_one_active/,
    );
    return etag(store);
  });
  assert.equal(seen, "first");
});

test("an operation that is settled leaves the cluster free for the next request", async () => {
  const seen = await it.store.trial(async ({ store, settle }) => {
    await settle(await begin(store, "first"));
    const settled = await store.clusters.get(it.clusterId);
    const second = await begin(store, "second");
    return [settled?.provisioningState, settled?.activeOperationId, (await store.operations.get(second))?.phase];
  });
  assert.deepEqual(seen, ["Succeeded", undefined, "Accepted"]);
});

test("a request that is late writes nothing once the trial is over", async () => {
  const late = await it.store.trial(async ({ store }) => ({ write: () => begin(store, "late") }));
  await assert.rejects(late.write(), { code: "store.trial-over" });
  assert.equal(await etag(it.store), "e1");
});

test("a trial that throws leaves nothing, neither rows nor locks nor a connection", async () => {
  for (let turn = 0; turn < 12; turn++)
    await assert.rejects(
      it.store.trial(async ({ store }) => {
        await begin(store, "tried");
        throw new Error("no");
      }),
      /^Error: no$/,
    );
  await it.store.clusters.change(it.clusterId, () => ({ result: undefined }));
  assert.equal(await etag(it.store), "e1");
});
