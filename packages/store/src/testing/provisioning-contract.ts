import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import {
  as,
  PROVISIONING_TRIES_MAX,
  type AccelerationMode,
  type ClusterId,
  type Operation,
  type OperationId,
  type OperationKind,
  type ProvisionedFacts,
  type ProvisioningClaim,
} from "@hostrouting/domain";
import type { NewOperation } from "../clusters.ts";
import type { ContractStore } from "./store-contract.ts";
import { emptyStatus } from "./test-store.ts";

const LEASE_MS = 60_000;
const DAY_MS = 86_400_000;

const facts: ProvisionedFacts = {
  fqdn: "made.local",
  kubernetesVersion: "1.36.3",
  pools: [{ name: "np1", count: 2, kubernetesVersion: "1.36.3", nodeImageVersion: "img-1" }],
  credentials: { worker: "/k/worker", user: "/k/user", admin: "/k/admin" },
};

type Wish = {
  readonly kind?: OperationKind;
  readonly mode?: AccelerationMode;
  readonly provision?: NonNullable<Operation["control"]["provision"]>;
  readonly generation?: number;
  readonly present?: boolean;
  readonly count?: number;
};

/** What the control plane writes for a request that a provider has to do with; the cluster is made when there is none of this name. */
async function ask({ store, clusterId }: ContractStore, id: ClusterId, wish: Wish = {}): Promise<OperationId> {
  const { kind = "CreateManagedCluster", mode = "None", provision = "Alone", generation = 1, present = true, count } = wish;
  const operationId = as<OperationId>(randomUUID());
  const template = await store.clusters.get(clusterId);
  assert.ok(template);
  const made = { ...template, id, name: id.split("/").at(-1) ?? "", properties: { agentPoolProfiles: [{ name: "NP1", count: 2 }] } };
  const begin: NewOperation = { id: operationId, kind, mode, generation, tenantId: "t", objectId: "o", control: { provision } };
  await store.clusters.change(id, (locked) => ({
    result: undefined,
    change: {
      cluster: {
        ...(locked?.cluster ?? made),
        ...(count !== undefined && { properties: { agentPoolProfiles: [{ name: "NP1", count }] } }),
        generation,
        provisioningState: present ? "Creating" : "Deleting",
        activeOperationId: operationId,
      },
      ...(locked === undefined && { isNew: true }),
      ...(locked?.active && { supersede: { operationId: locked.active.id, error: { code: "Superseded", message: "" } } }),
      provision: { provider: "lab", present, generation },
      begin,
      history: [],
    },
  }));
  return operationId;
}

async function take({ store }: ContractStore, holder = "p1"): Promise<ProvisioningClaim> {
  const [claim] = await store.provisioning.claim({ provider: "lab", holder, leaseMs: LEASE_MS, limit: 1 });
  assert.ok(claim, `${holder} got nothing`);
  return claim;
}

/** What holds of providers' work in every store. */
export function provisioning(it: () => ContractStore): void {
  const fresh = (): ClusterId => as<ClusterId>(it().clusterId.replace(/[^/]+$/, `made-${randomUUID()}`));
  const state = async (id: ClusterId, operation: OperationId) => {
    const cluster = await it().store.clusters.get(id);
    const kept = await it().store.operations.get(operation);
    return [cluster?.provisioningState, cluster?.activeOperationId, kept?.phase, kept?.error?.code ?? kept?.control.provision];
  };
  /** What is left of a test is nobody's work in the next. */
  const clear = async (): Promise<void> => {
    for (;;) {
      const claims = await it().store.provisioning.claim({ provider: "lab", holder: "clear", leaseMs: LEASE_MS, limit: 9 });
      if (claims.length === 0) return;
      for (const claim of claims)
        await it().store.provisioning.record(claim, claim.present ? { kind: "Done", facts } : { kind: "Removed" });
    }
  };
  const lives = { it, fresh, state, clear };
  void describe("claims", () => claims(lives));
  void describe("operations of providers", () => {
    operations(lives);
    failures(lives);
    returns(lives);
  });
  void describe("removals", () => removals(lives));
}

type Lives = {
  readonly it: () => ContractStore;
  readonly fresh: () => ClusterId;
  readonly state: (id: ClusterId, operation: OperationId) => Promise<readonly unknown[]>;
  readonly clear: () => Promise<void>;
};

function claims({ it, fresh, clear }: Lives): void {
  void test("of many who ask at once one gets a cluster, with all that is wished for; others get it when the claim is over", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    await ask(it(), id);
    const asked = await Promise.all(
      Array.from({ length: 8 }, (_, at) => store.provisioning.claim({ provider: "lab", holder: `p${at}`, leaseMs: LEASE_MS, limit: 5 })),
    );
    const [first, ...more] = asked.flat();
    assert.ok(first);
    assert.deepEqual(more, []);
    assert.deepEqual([first.clusterId, first.phase, first.present, first.generation, first.facts], [id, "Pending", true, 1, undefined]);
    assert.deepEqual(first.cluster, await store.clusters.get(id));
    assert.equal((await store.provisioning.get(id))?.isHeld, true);
    assert.deepEqual(await store.provisioning.claim({ provider: "azure", holder: "p", leaseMs: LEASE_MS, limit: 5 }), []);
    await it().expireLeases();
    assert.equal(await store.provisioning.renew(first, LEASE_MS), false, "it ran out");
    const second = await take(it(), "later");
    assert.ok(second.token > first.token);
    assert.equal(await store.provisioning.record(first, { kind: "Done", facts }), "LeaseLost");
    assert.equal(await store.provisioning.renew(second, LEASE_MS), true);
    assert.equal(await store.provisioning.record(second, { kind: "Progress", message: "2 of 3 nodes" }), "Recorded");
    const { said, isHeld } = (await store.provisioning.get(id)) ?? {};
    assert.deepEqual([said, isHeld], ["2 of 3 nodes", true]);
    await clear();
  });

  void test("a request that comes meanwhile ends them: what was made is remembered, and the new wish is due at once", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    await ask(it(), id);
    const old = await take(it());
    const next = await ask(it(), id, { generation: 2, mode: "BpfVeth", provision: "First" });
    assert.equal(await store.provisioning.renew(old, LEASE_MS), false);
    assert.equal(await store.provisioning.record(old, { kind: "Done", facts }), "Superseded");
    assert.equal((await store.operations.get(next))?.control.provision, "First", "it still waits");
    const now = await take(it());
    assert.deepEqual([now.clusterId, now.generation, now.facts], [id, 2, facts]);
    await store.provisioning.record(now, { kind: "Done", facts });
    await clear();
  });

  void test("a cluster that is as wished is looked after when its provider wants to, or all of them after a start", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    await ask(it(), id);
    await store.provisioning.record(await take(it()), { kind: "Done", facts });
    const due = async () =>
      (await store.provisioning.claim({ provider: "lab", holder: "p", leaseMs: LEASE_MS, limit: 100 })).find(
        (claim) => claim.clusterId === id,
      );
    assert.equal(await due(), undefined);
    await store.provisioning.wake("lab");
    const upkeep = await due();
    assert.ok(upkeep);
    assert.deepEqual([upkeep.phase, upkeep.facts], ["Settled", facts]);
    assert.equal(await store.provisioning.record(upkeep, { kind: "Done", facts, lookAgainInMs: 0 }), "Recorded");
    assert.ok(await due());
    assert.ok((await store.provisioning.known("lab")).includes(id));
    await it().expireLeases();
    await clear();
  });
}

function operations({ it, fresh, state, clear }: Lives): void {
  void test("end when the provider is done, where that was all; the cluster has what the provider found out", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    const operation = await ask(it(), id);
    await store.provisioning.record(await take(it()), { kind: "Done", facts });
    assert.deepEqual(await state(id, operation), ["Succeeded", undefined, "Succeeded", "Alone"]);
    const cluster = await store.clusters.get(id);
    assert.equal(cluster?.accessReference, "/k/worker");
    assert.deepEqual(await store.clusters.credentials(id), { user: "/k/user", admin: "/k/admin" }, "the worker's own stays its own");
    const powerState = { code: "Running" };
    const pool = { name: "NP1", count: 2, powerState, currentOrchestratorVersion: "1.36.3", nodeImageVersion: "img-1" };
    assert.deepEqual(cluster?.properties, {
      fqdn: "made.local",
      currentKubernetesVersion: "1.36.3",
      powerState,
      agentPoolProfiles: [pool],
    });
  });

  void test("go on under the same id where the engine comes next, with a revision that rounds read anew", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    const operation = await ask(it(), id, { mode: "BpfVeth", provision: "First" });
    const before = await store.rounds.read(id);
    await store.provisioning.record(await take(it()), { kind: "Done", facts });
    assert.deepEqual(await state(id, operation), ["Creating", operation, "Accepted", undefined]);
    const round = await store.rounds.read(id);
    assert.deepEqual([before?.operation?.revision, round?.operation?.revision], [0, 1]);
    assert.deepEqual([before?.provisioning?.phase, round?.provisioning?.phase], ["Pending", "Settled"]);
    assert.ok((await store.rounds.due(100)).includes(id));
  });
}

function failures({ it, fresh, state, clear }: Lives): void {
  void test("fail after the last try, or at once where none can help, and the next request begins anew", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    const fault = { kind: "Failed", code: "NoRoom", message: "no room", isFinal: false } as const;
    const first = await ask(it(), id);
    for (let attempt = 1; attempt < PROVISIONING_TRIES_MAX; attempt += 1) {
      assert.equal(await store.provisioning.record(await take(it()), fault), "Recorded");
      assert.deepEqual(await store.provisioning.claim({ provider: "lab", holder: "p", leaseMs: 1, limit: 9 }), [], "not before a pause");
      const { attempts, said } = (await store.provisioning.get(id)) ?? {};
      assert.deepEqual([attempts, said], [attempt, "NoRoom: no room"]);
      await it().age(DAY_MS);
    }
    assert.deepEqual((await state(id, first)).slice(2), ["Accepted", "Alone"]);
    await store.provisioning.record(await take(it()), fault);
    assert.deepEqual(await state(id, first), ["Failed", undefined, "Failed", "NoRoom"]);
    await it().age(DAY_MS);
    assert.deepEqual(await store.provisioning.claim({ provider: "lab", holder: "p", leaseMs: LEASE_MS, limit: 9 }), []);
    const second = await ask(it(), id, { generation: 2 });
    const claim = await take(it());
    assert.equal(claim.attempts, 0);
    await store.provisioning.record(claim, { ...fault, isFinal: true });
    assert.deepEqual(await state(id, second), ["Failed", undefined, "Failed", "NoRoom"]);
  });

  void test("that a round ends leave the provider nothing to do until the next request", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    const operation = await ask(it(), id);
    const claim = await take(it());
    const lease = await store.leases.acquire(id, "w", LEASE_MS);
    const read = (await store.rounds.read(id))?.operation;
    assert.ok(lease && read);
    const record = { nodes: [], status: emptyStatus, lookAgainInMs: 0, history: [], operation: { ...read, phase: "Canceled" as const } };
    assert.equal(await store.rounds.record(id, lease.token, record), "Recorded");
    assert.deepEqual((await state(id, operation)).slice(0, 3), ["Canceled", undefined, "Canceled"]);
    assert.equal(await store.provisioning.renew(claim, LEASE_MS), false);
    assert.equal(await store.provisioning.record(claim, { kind: "Done", facts }), "LeaseLost");
    assert.deepEqual(await store.provisioning.claim({ provider: "lab", holder: "p", leaseMs: LEASE_MS, limit: 9 }), []);
  });
}

function returns({ it, fresh, state, clear }: Lives): void {
  void test("a start brings back as it was what was there before a request failed, and the failure stands", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    const counts = (properties: Readonly<Record<string, unknown>> | undefined) =>
      (properties?.["agentPoolProfiles"] as { count: number }[] | undefined)?.map(({ count }) => count);
    const fault = { kind: "Failed", code: "NoRoom", message: "no room", isFinal: true } as const;
    await ask(it(), id);
    await store.provisioning.record(await take(it()), { kind: "Done", facts });
    const scaled = await ask(it(), id, { kind: "UpdateAgentPools", generation: 2, count: 9 });
    await store.provisioning.record(await take(it()), fault);
    for (const never of [await ask(it(), fresh()), await ask(it(), fresh(), { present: false })]) {
      assert.ok(never);
      await store.provisioning.record(await take(it()), fault);
    }
    assert.deepEqual(await store.provisioning.claim({ provider: "lab", holder: "p", leaseMs: LEASE_MS, limit: 9 }), []);
    await store.provisioning.wake("lab");
    const woken = await store.provisioning.claim({ provider: "lab", holder: "p", leaseMs: LEASE_MS, limit: 99 });
    const stopped = woken.filter(({ phase }) => phase === "Stopped");
    const back = stopped.find(({ clusterId }) => clusterId === id);
    assert.ok(back);
    assert.ok(
      stopped.every(({ present, facts: known }) => present && known !== undefined),
      "what never was is not brought back",
    );
    assert.deepEqual([back.generation, counts(back.cluster.properties)], [2, [2]]);
    assert.equal(await store.provisioning.renew(back, LEASE_MS), true);
    const moved = { ...facts, pools: [], credentials: { ...facts.credentials, worker: "/k2/worker" } };
    assert.equal(await store.provisioning.record(back, { kind: "Progress", message: "at it" }), "Recorded");
    assert.equal(await store.provisioning.record(back, { kind: "Done", facts: moved }), "Recorded");
    assert.deepEqual(await state(id, scaled), ["Failed", undefined, "Failed", "NoRoom"]);
    const kept = await store.provisioning.get(id);
    assert.deepEqual(
      [kept?.phase, kept?.done, kept?.said, kept?.facts],
      ["Stopped", 1, "NoRoom: no room", { ...moved, pools: facts.pools }],
    );
    const cluster = await store.clusters.get(id);
    assert.deepEqual([cluster?.accessReference, counts(cluster?.properties)], ["/k2/worker", [9]]);
    await it().expireLeases();
    await clear();
    await ask(it(), id, { kind: "UpdateAgentPools", generation: 3 });
    const next = await take(it());
    assert.deepEqual([next.phase, counts(next.cluster.properties)], ["Pending", [9]]);
    await store.provisioning.record(next, { kind: "Done", facts });
  });
}

function removals({ it, fresh, state, clear }: Lives): void {
  void test("take the cluster with all that belongs to it; its operations can still be read, and its name used again", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    const created = await ask(it(), id);
    await store.provisioning.record(await take(it()), { kind: "Done", facts });
    const lease = await store.leases.acquire(id, "w", LEASE_MS);
    assert.ok(lease);
    const deleted = await ask(it(), id, { kind: "DeleteManagedCluster", generation: 2, present: false });
    const claim = await take(it());
    assert.deepEqual([claim.present, claim.facts], [false, facts]);
    assert.equal(await store.provisioning.record(claim, { kind: "Removed" }), "Recorded");
    assert.deepEqual(await state(id, deleted), [undefined, undefined, "Succeeded", "Alone"]);
    assert.equal(await store.rounds.read(id), undefined);
    assert.equal(await store.provisioning.get(id), undefined);
    const name = id.split("/").at(-1);
    for (const operation of [created, deleted]) assert.equal((await store.operations.find(operation))?.resource.name, name);
    const record = { nodes: [], status: emptyStatus, lookAgainInMs: 0, history: [] };
    assert.equal(await store.rounds.record(id, lease.token, record), "OperationMovedOn", "a round that was under way");
    assert.equal((await store.leases.acquire(id, "w", LEASE_MS))?.clusterId, id, "who looks after it finds out under a lease");
    await ask(it(), id);
    await store.provisioning.record(await take(it()), { kind: "Done", facts });
    assert.equal((await store.clusters.get(id))?.provisioningState, "Succeeded");
  });

  void test("where nobody made the cluster it goes when the engine has let go of its nodes", async () => {
    const { store } = it();
    await clear();
    const id = fresh();
    const template = await store.clusters.get(it().clusterId);
    assert.ok(template);
    await store.clusters.register({ ...template, id, name: "adopted" }, {});
    const operationId = as<OperationId>(randomUUID());
    const begin = { id: operationId, kind: "DeleteManagedCluster", mode: "None", generation: 2, tenantId: "t", objectId: "o" } as const;
    await store.clusters.change(id, (locked) => {
      assert.ok(locked);
      return { result: undefined, change: { cluster: { ...locked.cluster, activeOperationId: operationId }, begin, history: [] } };
    });
    const lease = await store.leases.acquire(id, "w", LEASE_MS);
    const operation = await store.operations.get(operationId);
    assert.ok(lease && operation);
    const record = { nodes: [], status: emptyStatus, lookAgainInMs: 0, history: [] };
    await store.rounds.record(id, lease.token, { ...record, operation: { ...operation, phase: "Succeeded" } });
    assert.equal(await store.clusters.get(id), undefined);
    assert.equal((await store.operations.find(operationId))?.operation.phase, "Succeeded");
  });

  void test("a cluster that is forgotten is gone in the transaction that ends its operation, which can still be read", async () => {
    const { store } = it();
    const id = fresh();
    const template = await store.clusters.get(it().clusterId);
    assert.ok(template);
    const operationId = as<OperationId>(randomUUID());
    const begin = { id: operationId, kind: "DeleteManagedCluster", mode: "None", generation: 2, tenantId: "t", objectId: "o" } as const;
    await store.clusters.register({ ...template, id, name: "lost" }, {});
    await store.clusters.change(id, (locked) => {
      assert.ok(locked);
      return { result: undefined, change: { cluster: { ...locked.cluster, activeOperationId: operationId }, begin, history: [] } };
    });
    const error = { code: "ClusterForgotten", message: "m" };
    await store.clusters.change(id, () => ({ result: 0, change: { supersede: { operationId, error }, forget: true, history: [] } }));
    assert.equal(await store.clusters.get(id), undefined);
    const { phase, error: said } = (await store.operations.find(operationId))?.operation ?? {};
    assert.deepEqual([phase, said], ["Canceled", error]);
  });
}
