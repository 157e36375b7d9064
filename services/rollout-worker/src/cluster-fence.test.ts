import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, type Interposer, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

/** What changes a managed cluster. */
const WRITES = new Set([
  ...["applyConfig", "applyBundle", "deleteBundle", "applyNodeObject", "deleteNodeObject", "patchNode", "applyPolicy", "deletePolicy"],
  ...["evict", "deletePod", "writeEvent", "writeRolloutLease"],
]);

let world: World;
beforeEach(async () => {
  world = await makeWorld(ADMIN_URL);
  for (const name of ["n1", "n2", "n3"]) world.fake.addNode(name);
});
afterEach(() => world.close());

const waits = async (): Promise<(readonly [string, string])[]> =>
  ((await world.store.clusters.status(CLUSTER_ID)).status?.waits ?? []).map(({ reason, message }) => [reason, message] as const);

function countWrites(): { readonly names: string[] } {
  const names: string[] = [];
  world.fake.onCall = (name) => void (WRITES.has(name) && names.push(name));
  return { names };
}

describe("the cluster's own Lease", () => {
  test("names the worker that writes, with its token, before anything else is written", async () => {
    const { names } = countWrites();
    await world.finish(await world.request("BpfVeth"));
    assert.equal(names[0], "writeRolloutLease");
    const reads = new Set<string>();
    world.fake.onCall = (name) => void reads.add(name);
    await world.round();
    assert.ok(!reads.has("readRolloutLease"), "what we wrote ourselves is not asked for again");
    assert.deepEqual([world.fake.rolloutLease.read()?.holder, world.fake.rolloutLease.read()?.token], ["worker", 1]);
  });

  test("goes to the next holder of the store's lease, whose token is higher", async () => {
    await world.request("BpfVeth");
    for (let rounds = 0; rounds < 4; rounds += 1) await world.round("first");
    await world.expireLease();
    for (let rounds = 0; rounds < 4; rounds += 1) {
      await world.round("second");
      world.fake.tick(1_000);
    }
    assert.deepEqual([world.fake.rolloutLease.read()?.holder, world.fake.rolloutLease.read()?.token], ["second", 2]);
  });

  test("keeps a worker from writing that was stopped between its decision and its writes", async () => {
    await world.request("BpfVeth");
    while (world.fake.rolloutLease.read() === undefined) await world.round();
    const { names } = countWrites();
    let isTaken = false;
    const stopped: Interposer = async (name, call) => {
      const result = await call();
      // Its own clock stood still with it, so the store's lease still looks held to it.
      if (name === "record" && !isTaken)
        world.fake.rolloutLease.write({ holder: "other", token: 7, over: world.fake.rolloutLease.read()?.version });
      isTaken ||= name === "record";
      return result;
    };
    while ((await world.round("worker", stopped)).kind !== "Yielded") world.fake.tick(1_000);
    assert.deepEqual(names, ["writeRolloutLease"]);
    assert.equal(world.fake.rolloutLease.read()?.holder, "other");
  });

  test("with a later token than ours is waited for, by name, and nothing is written", async () => {
    world.fake.rolloutLease.write({ holder: "other", token: 7, over: undefined });
    const { names } = countWrites();
    await world.request("BpfVeth");
    for (let rounds = 0; rounds < 5; rounds += 1) await world.round();
    assert.deepEqual(names, []);
    assert.deepEqual(await waits(), [["LeaseHeldElsewhere", "Worker other holds the cluster with token 7; ours is 1."]]);
    world.fake.rolloutLease.delete();
    world.fake.onCall = () => {};
    await world.round();
    assert.deepEqual(
      (await waits()).filter(([reason]) => reason === "LeaseHeldElsewhere"),
      [],
    );
  });

  test("that may not be read or has no namespace holds up nobody: host routing can be switched off", async () => {
    const forbids: Interposer = (name, call) =>
      name.endsWith("RolloutLease") ? Promise.reject(new AppError("kube.forbidden", { say: "leases is forbidden" })) : call();
    const id = await world.request("BpfVeth");
    for (let rounds = 0; rounds < 80 && (await world.operation(id)).endedAt === undefined; rounds += 1) {
      await world.round("worker", forbids);
      world.fake.tick(1_000);
    }
    assert.equal((await world.operation(id)).phase, "Succeeded");
    assert.equal(world.fake.rolloutLease.read(), undefined);
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.deepEqual(Object.keys(status?.warningsSince ?? {}), ["worker-rights-missing"]);
  });
});
