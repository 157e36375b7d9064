import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { CLUSTER_ID, makeWorld, PATIENCE, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

let world: World;
afterEach(() => world.close());

/** What ARM says of the cluster's pool from now on. */
function setPoolState(provisioningState: string): Promise<void> {
  return world.store.clusters.change(CLUSTER_ID, (locked) => {
    assert.ok(locked);
    const { cluster } = locked;
    const pools = cluster.properties["agentPoolProfiles"] as readonly object[];
    const agentPoolProfiles = pools.map((pool) => ({ ...pool, provisioningState }));
    return {
      result: undefined,
      change: { cluster: { ...cluster, properties: { ...cluster.properties, agentPoolProfiles } }, history: [] },
    };
  });
}

const nodePhases = async (): Promise<readonly string[]> =>
  ((await world.store.clusters.status(CLUSTER_ID)).status?.nodes ?? []).map(({ phase }) => phase);

test("while ARM says that a pool is being upgraded no further node is started, and the operation goes on by itself afterwards", async () => {
  world = await makeWorld(ADMIN_URL, { ...PATIENCE, canaryPerStratum: 0, batchPlan: [], maxUnavailable: 1 });
  world.fake.addNode("n1");
  world.fake.addNode("n2");
  const id = await world.request("BpfVeth");
  const rounds = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
  };
  for (let round = 0; round < 20 && !(await nodePhases()).includes("Switching"); round += 1) await rounds(1);
  await setPoolState("Upgrading");
  await rounds(12);
  assert.deepEqual((await nodePhases()).toSorted(), ["Enabled", "Pending"]);
  const { waits = [] } = (await world.store.clusters.status(CLUSTER_ID)).status ?? {};
  assert.deepEqual(
    waits.map(({ reason, message }) => [reason, message]),
    [["ClusterUpgrading", "The cluster or its nodes are being upgraded: pool user: Upgrading."]],
  );
  assert.equal((await world.operation(id)).control.pending?.kind, "ClusterUpgrade");
  await setPoolState("Succeeded");
  assert.equal((await world.finish(id)).phase, "Succeeded");
});
