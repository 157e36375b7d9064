import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import { as, type OperationId } from "@hostrouting/domain";
import type { FakeCluster } from "@hostrouting/kube/fake";
import { CLUSTER_ID, makeWorld, PATIENCE, type Interposer, type World } from "./testing/test-world.ts";

const POLICY = "block-azure-destinations";
const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const LABEL = "kubernetes.azure.com/ebpf-host-routing";
const labelled = (fake: FakeCluster): string[] =>
  [...fake.nodes.values()].filter((node) => node.metadata?.labels?.[LABEL] === "true").map((node) => node.metadata?.name ?? "");
const cordoned = (fake: FakeCluster): string[] =>
  [...fake.nodes.values()].filter((node) => node.spec?.unschedulable === true).map((node) => node.metadata?.name ?? "");
const claimed = (fake: FakeCluster): string[] => [...fake.nodes.values()].flatMap((node) => Object.keys(node.metadata?.annotations ?? {}));

/** What must hold at every moment, whoever died where: at most one node is switched and not confirmed. */
function assertWithinBudget(fake: FakeCluster): void {
  const unconfirmed = [...fake.agents.values()].filter((agent) => agent.effectiveMode === "BpfVeth" && !agent.confirmed);
  assert.ok(unconfirmed.length <= 1, `${unconfirmed.length} nodes are switched and not confirmed`);
}

/** What must hold once a round has ended well: no label lies. (It goes after the kernel, so it may lie for the length of a round.) */
function assertLabelsTrue(fake: FakeCluster): void {
  for (const name of labelled(fake)) assert.equal(fake.agents.get(name)?.effectiveMode, "BpfVeth", `${name} is labelled but on the stack`);
}

function assertOff(fake: FakeCluster): void {
  assert.deepEqual(fake.policies.read(POLICY), { kind: "Absent" });
  assert.deepEqual(labelled(fake), []);
  assert.equal(fake.daemonSet, undefined);
  assert.equal(fake.objects.size, 0);
  assert.deepEqual(
    [...fake.agents.values()].map((agent) => agent.effectiveMode).filter((mode) => mode !== "Legacy"),
    [],
  );
  assert.deepEqual(claimed(fake), []);
}

class Killed extends Error {}

/** Dies at the nth call of a round: before the call, or after it took effect but before the worker knows. */
function killAt(nth: number, when: "before" | "after"): Interposer {
  let calls = 0;
  return async (_name, call) => {
    calls += 1;
    if (calls > nth) throw new Killed();
    if (calls === nth && when === "before") throw new Killed();
    const result = await call();
    if (calls >= nth) throw new Killed();
    return result;
  };
}

let world: World;
beforeEach(async () => {
  world = await makeWorld(ADMIN_URL);
  for (const name of ["n1", "n2", "n3"]) world.fake.addNode(name);
});
afterEach(() => world.close());

describe("a cluster without faults", () => {
  test("is enabled node by node and disabled without a trace", async () => {
    const enabled = await world.finish(await world.request("BpfVeth"));
    assert.equal(enabled.phase, "Succeeded");
    assert.equal(enabled.percentComplete, 100);
    assert.deepEqual(labelled(world.fake), ["n1", "n2", "n3"]);
    assert.deepEqual(claimed(world.fake), []);
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.equal(status?.state, "Enabled");
    assert.equal(status?.effectiveMode, "BpfVeth");
    const disabled = await world.finish(await world.request("None"));
    assert.equal(disabled.phase, "Succeeded");
    assertOff(world.fake);
  });

  test("labels nodes by what their agents say of their rules, on changes only", async () => {
    const label = (): (string | undefined)[] =>
      [...world.fake.nodes.values()].map((node) => node.metadata?.labels?.["kubernetes.azure.com/user-iptables-rules"]);
    const [first, second] = [world.fake.agents.get("n1"), world.fake.agents.get("n2")];
    assert.ok(first && second);
    first.rules = "Clean";
    second.rules = "Dirty";
    await world.finish(await world.request("BpfVeth"));
    assert.deepEqual(label(), ["false", "true", undefined]);
    let patches = 0;
    world.fake.onCall = (name) => void (name === "patchNode" && (patches += 1));
    for (let rounds = 0; rounds < 5; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    assert.equal(patches, 0);
    await world.finish(await world.request("None"));
    assert.deepEqual(label(), [undefined, undefined, undefined]);
  });

  test("says what preflight let pass, as long as host routing is on", async () => {
    world.fake.cordon("n2");
    await world.finish(await world.request("BpfVeth"));
    const warned = (await world.store.clusters.status(CLUSTER_ID)).status?.warnings;
    assert.deepEqual(
      warned?.map(({ id, subjects }) => [id, subjects]),
      [["PF-058", ["node n2"]]],
    );
    assert.deepEqual(cordoned(world.fake), ["n2"]);
    await world.finish(await world.request("None"));
    assert.deepEqual((await world.store.clusters.status(CLUSTER_ID)).status?.warnings, []);
  });

  test("drains first when the policy asks, waits for a budget and uncordons", async () => {
    await world.close();
    world = await makeWorld(ADMIN_URL, { ...PATIENCE, nodeAction: "DrainAndSwitch" });
    world.fake.addNode("n1");
    world.fake.addPod("shop", "cart-1", "n1");
    const budget = { namespace: "shop", name: "cart", podPrefix: "cart", allowed: 0 };
    world.fake.budgets.push(budget);
    const id = await world.request("BpfVeth");
    for (let rounds = 0; rounds < 12; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.deepEqual(
      status?.waits.map(({ reason, subject, message }) => ({ reason, subject, message })),
      [{ reason: "PodDisruptionBudget", subject: "n1", message: "shop/cart keeps shop/cart-1." }],
    );
    assert.deepEqual(cordoned(world.fake), ["n1"]);
    // Another worker writes the same Events, and no second ones.
    await world.expireLease();
    await world.round("another");
    await world.expireLease();
    budget.allowed = 1;
    assert.equal((await world.finish(id)).phase, "Succeeded");
    assert.deepEqual(cordoned(world.fake), []);
    assert.deepEqual(
      [...world.fake.events.values()].map(({ reason, type, series, regarding, note }) => [
        reason,
        type,
        series?.count ?? 1,
        regarding.name,
        note.split(". ")[0],
      ]),
      [
        [
          "DrainBlocked",
          "Warning",
          1,
          "n1",
          "The node is being drained, and a PodDisruptionBudget keeps a pod: shop/cart keeps shop/cart-1",
        ],
        ["ConnectionDisruptionExpected", "Normal", 1, "n1", "Host routing is about to be switched on here"],
      ],
    );
  });

  test("keeps a user's cordon", async () => {
    await world.close();
    world = await makeWorld(ADMIN_URL, { ...PATIENCE, nodeAction: "DrainAndSwitch" });
    world.fake.addNode("n1");
    world.fake.cordon("n1");
    assert.equal((await world.finish(await world.request("BpfVeth"))).phase, "Succeeded");
    assert.deepEqual(cordoned(world.fake), ["n1"]);
  });
});

/** Kills one worker after another at the first, second, third… call of the same round, until one gets through. Returns the deaths. */
async function dieAtEveryCall(round: string, when: "before" | "after"): Promise<number> {
  for (let nth = 1; nth <= CALLS_PER_ROUND_MAX; nth += 1) {
    const died = await world.round(`${round}-${nth}`, killAt(nth, when)).then(
      () => false,
      (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return true;
      },
    );
    await world.expireLease();
    assertWithinBudget(world.fake);
    if (!died) return nth - 1;
  }
  return CALLS_PER_ROUND_MAX;
}

/** A round is at most 4 calls of the store, 8 reads of the cluster and a few writes; a round that failed writes is no death. */
const CALLS_PER_ROUND_MAX = 14;
const ROUNDS_MAX = 60;

for (const when of ["before", "after"] as const)
  test(`a worker that dies ${when} every single call of every round neither loses nor breaks anything`, async () => {
    for (const mode of ["BpfVeth", "None"] as const) {
      const id = await world.request(mode);
      let deaths = 0;
      for (let rounds = 0; rounds < ROUNDS_MAX && (await world.operation(id)).endedAt === undefined; rounds += 1) {
        deaths += await dieAtEveryCall(`${mode}-${rounds}`, when);
        await world.round(`survivor-${mode}-${rounds}`);
        await world.expireLease();
        assertLabelsTrue(world.fake);
        world.fake.tick(1_000);
        assertWithinBudget(world.fake);
      }
      assert.equal((await world.operation(id)).phase, "Succeeded");
      assert.ok(deaths > 20, `only ${deaths} deaths`);
      if (mode === "BpfVeth") assert.deepEqual(labelled(world.fake), ["n1", "n2", "n3"]);
    }
    assertOff(world.fake);
  });

describe("faults", () => {
  test("a missed confirmation is tried again by itself", async () => {
    const agent = world.fake.agents.get("n2");
    assert.ok(agent);
    agent.missConfirm = true;
    assert.equal((await world.finish(await world.request("BpfVeth"))).phase, "Succeeded");
    assert.deepEqual(labelled(world.fake), ["n1", "n2", "n3"]);
    const history = await world.store.clusters.history(CLUSTER_ID, { afterSeq: 0, limit: 200 });
    const missed = history.filter((row) => row.data["reason"] === "ConfirmMissed").map((row) => row.data["node"]);
    assert.ok(missed.includes("n2"), JSON.stringify(missed));
  });

  test("an API server that is away costs time only", async () => {
    const id = await world.request("BpfVeth");
    for (let rounds = 0; rounds < 8; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    world.fake.unreachable = true;
    await world.round();
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.equal(status?.health, "Unknown");
    assert.deepEqual(
      status?.waits.map((wait) => wait.reason),
      ["ClusterUnreachable"],
    );
    world.fake.unreachable = false;
    assert.equal((await world.finish(id)).phase, "Succeeded");
  });

  test("a deletion whose cluster is away says what it waits for and what to do, and a cancel ends it while no node was touched", async () => {
    const id = as<OperationId>(randomUUID());
    const begin = { id, kind: "DeleteManagedCluster", mode: "None", generation: 2, tenantId: "t", objectId: "o" } as const;
    await world.store.clusters.change(CLUSTER_ID, (locked) => {
      assert.ok(locked);
      return { result: undefined, change: { cluster: { ...locked.cluster, generation: 2, activeOperationId: id }, begin, history: [] } };
    });
    world.fake.unreachable = true;
    await world.round();
    const [wait] = (await world.store.clusters.status(CLUSTER_ID)).status?.waits ?? [];
    assert.equal(wait?.reason, "ClusterUnreachable");
    assert.match(wait.message, /The deletion waits, since host routing cannot be switched off/);
    assert.match(wait.remedy, /API server runs.*cancel the deletion.*npm run forget-cluster/);
    assert.equal((await world.operation(id)).phase, "Accepted");
    await world.cancel(id);
    await world.round();
    assert.equal((await world.operation(id)).phase, "Canceled");
    assert.notEqual(await world.store.clusters.get(CLUSTER_ID), undefined);
  });

  test("a reverse request in the middle turns every node round", async () => {
    const enable = await world.request("BpfVeth");
    for (let rounds = 0; rounds < 9; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    assert.ok([...world.fake.agents.values()].some((agent) => agent.effectiveMode === "BpfVeth"));
    const disable = await world.request("None");
    assert.equal((await world.operation(enable)).phase, "Canceled");
    assert.equal((await world.finish(disable)).phase, "Succeeded");
    assertOff(world.fake);
  });

  test("a cancel leaves no node in between", async () => {
    const id = await world.request("BpfVeth");
    for (let rounds = 0; rounds < 9; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    await world.cancel(id);
    assert.equal((await world.finish(id)).phase, "Canceled");
    assertLabelsTrue(world.fake);
    assert.deepEqual(claimed(world.fake), []);
  });

  test("a node that goes away leaves the count; one that joins later is switched without an operation", async () => {
    const id = await world.request("BpfVeth");
    for (let rounds = 0; rounds < 6; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    world.fake.removeNode("n1");
    assert.equal((await world.finish(id)).phase, "Succeeded");
    assert.deepEqual(labelled(world.fake), ["n2", "n3"]);
    world.fake.addNode("n1", "uid-second");
    for (let rounds = 0; rounds < 25; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    assert.deepEqual(labelled(world.fake), ["n2", "n3", "n1"]);
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.equal(status?.state, "Enabled");
  });

  test("a preflight that fails leaves the cluster untouched", async () => {
    await world.store.clusters.change(CLUSTER_ID, (locked) => {
      assert.ok(locked);
      const properties = { ...locked.cluster.properties, staticEgress: true, serviceMeshProfile: { mode: "Disabled" } };
      const networkProfile = {
        ...(properties as Record<string, unknown>)["networkProfile"]!,
        staticEgressGatewayProfile: { enabled: true },
      };
      return { result: undefined, change: { cluster: { ...locked.cluster, properties: { ...properties, networkProfile } }, history: [] } };
    });
    const operation = await world.finish(await world.request("BpfVeth"));
    assert.equal(operation.phase, "Failed");
    assert.equal(operation.error?.code, "PreflightBlocked");
    assert.deepEqual(
      operation.error?.details?.map((detail) => detail.code),
      ["PF-021"],
    );
    assertOff(world.fake);
  });

  test("a kernel that lets nobody refuse rules blocks until a policy overrides that; its end blocks further nodes and switches none off", async () => {
    const setOverride = (expiresAt: string | undefined): Promise<void> =>
      world.store.clusters.change(CLUSTER_ID, () => {
        const preflightOverrides = expiresAt === undefined ? [] : [{ ruleId: "PF-017", reason: "an old machine", expiresAt }];
        return { result: undefined, change: { rolloutPolicy: { ...PATIENCE, preflightOverrides }, history: [] } };
      });
    const say = (name: string, rung: "Lsm" | "Audit"): void => {
      const agent = world.fake.agents.get(name);
      assert.ok(agent);
      agent.guardRung = rung;
    };
    const rounds = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round += 1) {
        await world.round();
        world.fake.tick(1_000);
      }
    };
    say("n1", "Lsm");
    say("n2", "Audit");
    const blocked = await world.finish(await world.request("BpfVeth"));
    assert.deepEqual(
      [blocked.phase, blocked.error?.details?.map(({ code, target }) => [code, target])],
      ["Failed", [["PF-017", "node n2"]]],
    );
    assertOff(world.fake);

    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    await setOverride(expiresAt);
    assert.equal((await world.finish(await world.request("BpfVeth"))).phase, "Succeeded");
    assert.deepEqual(labelled(world.fake), ["n1", "n2", "n3"]);
    const { status: overridden } = await world.store.clusters.status(CLUSTER_ID);
    assert.deepEqual(
      overridden?.warnings.map(({ id, override }) => [id, override]),
      [
        ["PF-017", { reason: "an old machine", expiresAt }],
        ["override-ending", undefined],
      ],
    );

    await setOverride("2026-01-01T00:00:00.000Z");
    world.fake.addNode("n4");
    say("n4", "Audit");
    await rounds(10);
    assert.deepEqual(labelled(world.fake), ["n1", "n2", "n3"]);
    const { status: ended } = await world.store.clusters.status(CLUSTER_ID);
    assert.deepEqual(
      ended?.waits.map(({ reason, subject }) => [reason, subject]),
      [["OverrideEnded", "n4"]],
    );
    await setOverride(expiresAt);
    await rounds(25);
    assert.deepEqual(labelled(world.fake), ["n1", "n2", "n3", "n4"]);
  });

  test("an emergency off takes labels away and nodes come back when it is cleared", async () => {
    await world.finish(await world.request("BpfVeth"));
    assert.ok(world.fake.config);
    world.fake.config = { ...world.fake.config, spec: { ...world.fake.config.spec, emergencyOff: true } };
    world.fake.tick(1_000);
    await world.round();
    assert.deepEqual(labelled(world.fake), []);
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.deepEqual([...new Set(status?.waits.map((wait) => wait.reason))], ["EmergencyOff"]);
    world.fake.config = { ...world.fake.config, spec: { ...world.fake.config.spec, emergencyOff: false } };
    for (let rounds = 0; rounds < 40; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    assert.deepEqual(labelled(world.fake), ["n1", "n2", "n3"]);
  });
});
