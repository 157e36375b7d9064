import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, test } from "node:test";
import { as, type ClusterId, type OperationId, type OperationPhase } from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, PATIENCE, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const ONE = { global: 1, subscription: 1, region: 1 };
const OTHER_ID = as<ClusterId>(`${CLUSTER_ID}-other`);

let world: World;
afterEach(() => world.close());

/** An operation of another cluster, which nobody has begun yet. */
async function beginElsewhere(): Promise<OperationId> {
  const { clusters } = world.store;
  const cluster = await clusters.get(CLUSTER_ID);
  assert.ok(cluster);
  await clusters.register({ ...cluster, id: OTHER_ID, name: "other", activeOperationId: undefined }, {});
  const id = as<OperationId>(randomUUID());
  await clusters.change(OTHER_ID, (locked) => {
    assert.ok(locked);
    const begin = { id, kind: "EnableHostRouting", mode: "BpfVeth", generation: 1, tenantId: "tenant", objectId: "object" } as const;
    return { result: undefined, change: { cluster: { ...locked.cluster, activeOperationId: id }, begin, history: [] } };
  });
  return id;
}

/** Another worker records this phase of it, with a place or not at all. */
async function goElsewhere(id: OperationId, phase: OperationPhase): Promise<string> {
  const operation = await world.store.operations.get(id);
  const lease = await world.store.leases.acquire(OTHER_ID, "another", 60_000);
  const { status } = await world.store.clusters.status(CLUSTER_ID);
  assert.ok(operation && lease && status);
  const record = { operation: { ...operation, phase }, nodes: [], status, lookAgainInMs: 1_000, history: [], takesPlace: ONE };
  return world.store.rounds.record(OTHER_ID, lease.token, record);
}

async function rounds(count: number): Promise<readonly string[]> {
  for (let round = 0; round < count; round += 1) {
    await world.round();
    world.fake.tick(1_000);
  }
  return ((await world.store.clusters.status(CLUSTER_ID)).status?.waits ?? []).map(({ reason }) => reason);
}

test("the only place goes to another operation while a gate holds the first, which touches nothing before it has it again", async () => {
  world = await makeWorld(
    ADMIN_URL,
    { ...PATIENCE, gates: [{ id: "board", at: "BeforeCluster", kind: "Approval", twoPersons: false }] },
    { admission: ONE },
  );
  world.fake.addNode("n1");
  const id = await world.request("BpfVeth");
  await world.round();
  const other = await beginElsewhere();
  assert.equal(await goElsewhere(other, "Validating"), "OperationMovedOn", "the first has the place");
  assert.deepEqual(await rounds(2), ["ApprovalPending"]);
  assert.equal(await goElsewhere(other, "Validating"), "Recorded");
  await world.ask(id, (control) => ({ ...control, approvals: [{ gate: "board", by: "somebody", comment: "" }] }));
  assert.deepEqual(await rounds(5), ["AdmissionQueue"]);
  assert.deepEqual([(await world.operation(id)).phase, world.fake.daemonSet], ["Validating", undefined]);
  assert.equal(await goElsewhere(other, "Succeeded"), "Recorded");
  assert.equal((await world.finish(id)).phase, "Succeeded");
});
