import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { as, type EnabledNode, type FencingToken, type HostRoutingStatus } from "@hostrouting/domain";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const cluster = makeCluster("metered");
const USAGE = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/metered/hostRoutings/default/usage`;
const status = { state: "Enabled", conditions: [], nodeCounts: {}, waits: [], warnings: [], nodes: [], findings: [] };

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [cluster]);
});
after(() => surface.close());

const get = (query = "", token: Readonly<Record<string, unknown>> = {}): Promise<Reply> =>
  surface.ask({ path: `${USAGE}?api-version=2026-04-01${query}`, token });

async function record(enabled: readonly EnabledNode[]): Promise<void> {
  const lease = await surface.store.leases.acquire(cluster.id, "test", 10_000);
  const round = { nodes: [], enabled, status: status as unknown as HostRoutingStatus, lookAgainInMs: 10_000, history: [] };
  assert.equal(await surface.store.rounds.record(cluster.id, lease?.token ?? as<FencingToken>(0), round), "Recorded");
}

test("usage: nothing before a node is enabled; then by day and pool, with its cost, page after page", async () => {
  assert.deepEqual((await get()).body, { value: [] });
  await record([
    { uid: "a", bootId: "1", pool: "user" },
    { uid: "b", bootId: "1", pool: "gpu" },
    { uid: "c", bootId: "1", pool: "user" },
  ]);
  await record([{ uid: "b", bootId: "1", pool: "gpu" }]);
  const whole = await get();
  assert.equal(whole.status, 200);
  const found = whole.body.value as { pool: string; nodeHours: number; cost: { amount: number; currency: string } }[];
  assert.deepEqual([...new Set(found.map(({ pool }) => pool))].toSorted(), ["gpu", "user"]);
  assert.ok(found.every(({ nodeHours, cost }) => nodeHours >= 0 && cost.currency === "USD" && cost.amount >= nodeHours));
  const first = await get("&$top=1");
  assert.equal(first.body.value.length, 1);
  const next = await surface.ask({ path: String(first.body.nextLink).slice(surface.base.length) });
  assert.deepEqual([first.body.value[0].pool, next.body.value[0].pool], ["gpu", "user"]);
});

test("usage: other days are empty; faults are told; to another tenant it does not exist", async () => {
  assert.deepEqual((await get("&from=2020-01-01&to=2020-01-31")).body, { value: [] });
  for (const query of ["&from=2026-02-30", "&to=x", "&from=2020-01-01", "&$top=0", "&$skipToken=L3N1YnM"]) {
    const { status: code, body } = await get(query);
    assert.deepEqual([code, body.error.code], [400, "InvalidParameter"], query);
  }
  assert.equal((await get("", { tid: ids.otherTenantId })).status, 404);
});
