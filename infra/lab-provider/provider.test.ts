import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { createLogger } from "@hostrouting/runtime";
import { makeTestStore, type TestStore } from "../../packages/store/src/testing/test-store.ts";
import { startProvider, type Provider } from "./provider.ts";
import { fakeLabs, untilAborted, type FakeLabs } from "./testing/fake-labs.ts";
import { idOf, settled, wish } from "./testing/wished-cluster.ts";

/** Short, so that what is wished for meanwhile is heard of soon. */
const LEASE_MS = 400;

let db: TestStore;
let labs: FakeLabs;
let running: Provider[] = [];

before(async () => void (db = await makeTestStore()));
after(() => db.close());
beforeEach(async (context) => {
  labs = fakeLabs();
  (context as { after(end: () => Promise<void>): void }).after(async () => {
    await Promise.all(running.map((provider) => provider.stop()));
    running = [];
    await db.sql("delete from managed_cluster where name <> 'c'");
  });
});

function start(holder = "p1", provisioning = db.store.provisioning): Provider {
  const provider = startProvider({
    store: { ...db.store, provisioning },
    labs,
    holder,
    leaseMs: LEASE_MS,
    logger: createLogger("lab-provider", "silent"),
    ring: async () => undefined,
    nowMs: Date.now,
  });
  running.push(provider);
  return provider;
}

const namesOf = (name: string): string[] | undefined => labs.clusters.get(idOf(name))?.map((node) => node.name);

test("a cluster is made, grows, shrinks and goes, and each operation ends when that is done", async () => {
  start();
  assert.equal((await settled(db.store, await wish(db.store, { name: "a", users: 1, generation: 1 }))).phase, "Succeeded");
  const made = await db.store.clusters.get(idOf("a"));
  assert.deepEqual([made?.provisioningState, made?.accessReference], ["Succeeded", "/a/worker"]);
  const { rolloutPolicy } = await db.store.clusters.status(idOf("a"));
  assert.equal(rolloutPolicy.preflightOverrides?.[0]?.ruleId, "PF-017", "the policy is there before the engine looks");
  await settled(db.store, await wish(db.store, { name: "a", users: 3, generation: 2 }));
  assert.deepEqual(namesOf("a"), ["aks-system-0", "aks-user-0", "aks-user-1", "aks-user-2"]);
  await settled(db.store, await wish(db.store, { name: "a", users: 1, generation: 3 }));
  assert.deepEqual(namesOf("a"), ["aks-system-0", "aks-user-0"]);
  assert.equal((await settled(db.store, await wish(db.store, { name: "a", users: 1, generation: 4, present: false }))).phase, "Succeeded");
  assert.equal(namesOf("a"), undefined);
  assert.deepEqual(labs.log, ["a: Build", "a: AddNode", "a: AddNode", "a: RetireNode", "a: RetireNode", "a: remove"]);
});

test("what a killed provider was at is gone on with under the same operation, and its late word is refused", async () => {
  const operation = await wish(db.store, { name: "a", users: 2, generation: 1 });
  const [claim] = await db.store.provisioning.claim({ provider: "lab", holder: "killed", leaseMs: 1, limit: 1 });
  assert.ok(claim);
  // It had made the cluster with one node of two, and was killed then.
  labs.clusters.set(claim.clusterId, [
    { name: "aks-system-0", pool: "system", isWell: true },
    { name: "aks-user-0", pool: "user", isWell: true },
  ]);
  start("next");
  assert.equal((await settled(db.store, operation)).phase, "Succeeded");
  assert.deepEqual(labs.log, ["a: AddNode"]);
  const late = { kind: "Failed", code: "Late", message: "", isFinal: true } as const;
  assert.equal(await db.store.provisioning.record(claim, late), "LeaseLost");
  assert.equal((await db.store.clusters.get(claim.clusterId))?.provisioningState, "Succeeded");
});

test("a cluster that is deleted while it is made: the making is broken off, and nothing stays", async () => {
  const entered = Promise.withResolvers<void>();
  labs.before = (_id, step, { signal }) => {
    entered.resolve();
    return step.kind === "Build" ? untilAborted(signal) : Promise.resolve();
  };
  start();
  const created = await wish(db.store, { name: "a", users: 1, generation: 1 });
  await entered.promise;
  const deleted = await wish(db.store, { name: "a", users: 1, generation: 2, present: false });
  assert.equal((await settled(db.store, deleted)).phase, "Succeeded");
  assert.equal((await db.store.operations.find(created))?.operation.phase, "Canceled");
  assert.equal(await db.store.clusters.get(idOf("a")), undefined);
});

test("another count while nodes are added: the node that is being added comes to its end, and no more of the old wish", async () => {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const { renew } = db.store.provisioning;
  const listening: typeof renew = async (claim, leaseMs) => {
    const isStill = await renew(claim, leaseMs);
    if (!isStill) told.resolve();
    return isStill;
  };
  start("p1", { ...db.store.provisioning, renew: listening });
  await settled(db.store, await wish(db.store, { name: "a", users: 0, generation: 1 }));
  labs.before = async () => {
    entered.resolve();
    await gate.promise;
  };
  await wish(db.store, { name: "a", users: 3, generation: 2 });
  await entered.promise;
  const last = await wish(db.store, { name: "a", users: 1, generation: 3 });
  await told.promise;
  gate.resolve();
  assert.equal((await settled(db.store, last)).phase, "Succeeded");
  assert.deepEqual(namesOf("a"), ["aks-system-0", "aks-user-0"]);
  assert.deepEqual(labs.log, ["a: Build", "a: AddNode"]);
});

test("one cluster's failure holds up no other, and says what happened and what to do", async () => {
  labs.before = async (id) => {
    if (id === idOf("bad"))
      throw new AppError("lab.package-missing", { say: "The lab needs containerd", do: "apt-get install containerd" });
  };
  start();
  const bad = await wish(db.store, { name: "bad", users: 0, generation: 1 });
  const good = await wish(db.store, { name: "good", users: 0, generation: 1 });
  assert.equal((await settled(db.store, good)).phase, "Succeeded");
  const { phase, error } = await settled(db.store, bad);
  assert.equal(phase, "Failed");
  assert.deepEqual(error, { code: "LabNotSupported", message: "The lab needs containerd. apt-get install containerd." });
});

test("what may go well the next time is tried again, and the status says why meanwhile", async () => {
  let tries = 0;
  labs.before = async () => {
    if (tries++ === 0) throw new AppError("lab.node-failed", { say: "containerd of aks-user-0 has ended", do: "Read its log" });
  };
  start();
  const operation = await wish(db.store, { name: "a", users: 1, generation: 1 });
  let said = "";
  for (let looks = 0; looks < 400 && said === ""; looks++) {
    const kept = await db.store.provisioning.get(idOf("a"));
    if (kept?.attempts === 1) said = kept.said;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(said, "NodeFailed: containerd of aks-user-0 has ended. Read its log.");
  await db.sql("update provisioning set look_again_at = clock_timestamp()");
  assert.equal((await settled(db.store, operation)).phase, "Succeeded");
});

test("a machine that is full refuses what does not fit before anything is begun", async () => {
  start();
  await settled(db.store, await wish(db.store, { name: "a", users: 1, generation: 1 }));
  labs.nodesMax = 4;
  const { error } = await settled(db.store, await wish(db.store, { name: "a", users: 4, generation: 2 }));
  assert.equal(error?.code, "QuotaExceeded");
  assert.deepEqual(labs.log, ["a: Build"]);
});

test("a start removes what nobody wishes for any more, and looks after all that there is to be", async () => {
  const first = start();
  await settled(db.store, await wish(db.store, { name: "a", users: 0, generation: 1 }));
  await first.stop();
  labs.clusters.set(idOf("gone"), []);
  labs.clusters.delete(idOf("a")); // as after a restart of the machine
  labs.log.length = 0;
  start("p2");
  for (let looks = 0; looks < 400 && namesOf("a") === undefined; looks++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(labs.log, ["gone: remove", "a: Build"]);
});

test("a start brings back a cluster whose last change failed as it was before, and the failure stands", async () => {
  const first = start();
  await settled(db.store, await wish(db.store, { name: "a", users: 1, generation: 1 }));
  labs.nodesMax = 4;
  const failed = await wish(db.store, { name: "a", users: 4, generation: 2 });
  assert.equal((await settled(db.store, failed)).error?.code, "QuotaExceeded");
  await first.stop();
  labs.clusters.clear(); // as after a restart of the machine
  start("p2");
  for (let looks = 0; looks < 400 && namesOf("a") === undefined; looks++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(namesOf("a"), ["aks-system-0", "aks-user-0"]);
  assert.equal((await db.store.clusters.get(idOf("a")))?.provisioningState, "Failed");
  assert.equal((await db.store.provisioning.get(idOf("a")))?.phase, "Stopped");
});

test("a provider that is ended breaks off what it is at and gives it back, so that the next one goes on at once", async () => {
  const entered = Promise.withResolvers<void>();
  labs.before = (_id, _step, { signal }) => {
    entered.resolve();
    return untilAborted(signal);
  };
  const first = start();
  const operation = await wish(db.store, { name: "a", users: 0, generation: 1 });
  await entered.promise;
  await first.stop();
  assert.equal((await db.store.provisioning.get(idOf("a")))?.isHeld, false);
  labs.before = async () => undefined;
  start("p2");
  assert.equal((await settled(db.store, operation)).phase, "Succeeded");
});
