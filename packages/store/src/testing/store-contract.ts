import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { as, type ClusterId, type DailyUsage, type EnabledNode, type OperationId } from "@hostrouting/domain";
import type { ClusterLease } from "../cluster-lease.ts";
import type { Store } from "../open-store.ts";
import { assessments } from "./assessment-contract.ts";
import { provisioning } from "./provisioning-contract.ts";
import { beginning, emptyStatus, nodeRecord } from "./test-store.ts";

const LONG_MS = 60_000;

/** A store with one registered cluster, and what only a test may do to it. */
export type ContractStore = {
  readonly store: Pick<Store, "assessments" | "clusters" | "leases" | "operations" | "provisioning" | "rounds" | "usage">;
  readonly clusterId: ClusterId;
  /** Every lease and claim runs out now. */
  expireLeases(): Promise<void>;
  /** Forgets operations, leases and records of nodes. */
  reset(): Promise<void>;
  /** Sets an operation's phase to `Rolling`, past the store's own statements. */
  reopen(id: OperationId): Promise<void>;
  /** What is metered began so much earlier, and was seen so much longer ago; so was what is asked for; clusters are due so much sooner. */
  age(ms: number): Promise<void>;
  close(): Promise<void>;
};

let it: ContractStore;

async function lease(holder = "w1"): Promise<ClusterLease> {
  const taken = await it.store.leases.acquire(it.clusterId, holder, LONG_MS);
  assert.ok(taken, `${holder} did not get the lease`);
  return taken;
}

/** Begins an operation as the control plane does: the cluster's row names it. */
async function begin(): Promise<OperationId> {
  const change = beginning();
  await it.store.clusters.change(it.clusterId, (locked) => {
    assert.ok(locked);
    return { result: undefined, change: { ...change, cluster: { ...locked.cluster, activeOperationId: change.begin.id } } };
  });
  return change.begin.id;
}

/** What every store must do, whatever it is made of. */
export function storeContract(make: () => Promise<ContractStore>): void {
  before(async () => {
    it = await make();
  });
  after(() => it.close());
  beforeEach(() => it.reset());
  void describe("leases", leases);
  void describe("operations", operations);
  void describe("operations that rounds write", recordedOperations);
  void describe("rounds", rounds);
  void describe("history", history);
  void describe("clusters", clusters);
  void describe("usage", usage);
  void describe("assessments", () => assessments(() => it));
  void describe("provisioning", () => provisioning(() => it));
}

function leases(): void {
  void test("one holder at a time; the same holder extends under the same token", async () => {
    const first = await lease("w1");
    assert.equal(await it.store.leases.acquire(it.clusterId, "w2", LONG_MS), undefined);
    assert.equal((await lease("w1")).token, first.token);
  });

  void test("an expired lease goes to the next under a higher token, and to its former holder under a higher one too", async () => {
    const first = await lease("w1");
    await it.expireLeases();
    const second = await lease("w2");
    assert.ok(second.token > first.token);
    await it.expireLeases();
    assert.ok((await lease("w1")).token > second.token);
  });

  void test("a lease that was given back is free at once and its token never comes again", async () => {
    const first = await lease("w1");
    await it.store.leases.release(first);
    assert.ok((await lease("w2")).token > first.token);
    await it.store.leases.release(first);
    assert.equal(await it.store.leases.acquire(it.clusterId, "w3", LONG_MS), undefined, "a late release must not free another's lease");
  });

  void test("of many who ask at once one gets it", async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, (_, index) => it.store.leases.acquire(it.clusterId, `w${index}`, LONG_MS)));
    assert.equal(asked.filter((answer) => answer !== undefined).length, 1);
  });
}

function operations(): void {
  void test("a second one is refused by the database itself", async () => {
    await begin();
    await assert.rejects(
      it.store.clusters.change(it.clusterId, () => ({ result: undefined, change: beginning() })),
      /operation_one_active/,
    );
  });

  void test("of many requests at once one begins and the others leave nothing behind", async () => {
    const seqBefore = (await it.store.clusters.history(it.clusterId, { afterSeq: 0, limit: 1000 })).length;
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => it.store.clusters.change(it.clusterId, () => ({ result: undefined, change: beginning() }))),
    );
    assert.equal(tries.filter((each) => each.status === "fulfilled").length, 1);
    assert.equal((await it.store.clusters.history(it.clusterId, { afterSeq: 0, limit: 1000 })).length, seqBefore + 1);
  });

  void test("a superseded one ends in the transaction in which the next begins", async () => {
    const first = await begin();
    const next = beginning();
    await it.store.clusters.change(it.clusterId, (locked) => {
      assert.equal(locked?.active?.id, first);
      return {
        result: undefined,
        change: { ...next, supersede: { operationId: first, error: { code: "Superseded", message: "reversed" } } },
      };
    });
    const [ended] = await it.store.operations.list(it.clusterId, 1, next.begin.id);
    assert.deepEqual([ended?.id, ended?.phase], [first, "Canceled"]);
    assert.equal(ended?.error?.code, "Superseded");
    assert.ok(ended?.endedAt);
    assert.equal((await it.store.operations.get(next.begin.id))?.phase, "Accepted");
  });
}

function recordedOperations(): void {
  void test("terminal never changes, whatever the code believes", async () => {
    const id = await begin();
    const { token } = await lease();
    const operation = await it.store.operations.get(id);
    assert.ok(operation);
    const record = { nodes: [], status: emptyStatus, lookAgainInMs: 0, history: [] };
    assert.equal(
      await it.store.rounds.record(it.clusterId, token, { ...record, operation: { ...operation, phase: "Succeeded" } }),
      "Recorded",
    );
    assert.equal((await it.store.clusters.get(it.clusterId))?.provisioningState, "Succeeded");
    assert.equal((await it.store.clusters.get(it.clusterId))?.activeOperationId, undefined);
    const again = { ...record, operation: { ...operation, phase: "Rolling" as const } };
    assert.equal(await it.store.rounds.record(it.clusterId, token, again), "OperationMovedOn");
    await assert.rejects(it.reopen(id), /never changes/);
  });

  void test("what is asked for since a round was read is not written over: the round does not count", async () => {
    const id = await begin();
    const { token } = await lease();
    const operation = await it.store.operations.get(id);
    assert.ok(operation);
    const pause = { reason: "Asked", message: "", by: "o" } as const;
    await it.store.clusters.change(it.clusterId, () => ({
      result: undefined,
      change: { control: { operationId: id, control: { pause } }, history: [] },
    }));
    const record = { nodes: [], status: emptyStatus, lookAgainInMs: 0, history: [] };
    assert.equal(await it.store.rounds.record(it.clusterId, token, { ...record, operation }), "OperationMovedOn");
    const asked = await it.store.operations.get(id);
    assert.deepEqual([asked?.control, asked?.revision, operation.control, operation.revision], [{ pause }, 1, {}, 0]);
    assert.ok(asked);
    assert.equal(await it.store.rounds.record(it.clusterId, token, { ...record, operation: { ...asked, control: {} } }), "Recorded");
    assert.deepEqual((await it.store.operations.get(id))?.control, {});
  });

  void test("the last one is told with the locked cluster where it has not succeeded and none is under way", async () => {
    const last = async (): Promise<OperationId | undefined> =>
      it.store.clusters.change(it.clusterId, (locked) => ({ result: locked?.last?.id }));
    const record = { nodes: [], status: emptyStatus, lookAgainInMs: 0, history: [] };
    const told: (OperationId | undefined)[] = [];
    const ids: OperationId[] = [];
    for (const phase of ["Failed", "Canceled", "Succeeded"] as const) {
      const id = await begin();
      told.push(await last());
      const operation = await it.store.operations.get(id);
      assert.ok(operation);
      const { token } = await lease();
      assert.equal(await it.store.rounds.record(it.clusterId, token, { ...record, operation: { ...operation, phase } }), "Recorded");
      ids.push(id);
      told.push(await last());
    }
    assert.deepEqual(told, [undefined, ids[0], undefined, ids[1], undefined, undefined]);
  });

  void test("a percentage never falls", async () => {
    const id = await begin();
    const { token } = await lease();
    const operation = await it.store.operations.get(id);
    assert.ok(operation);
    for (const percentComplete of [40, 10]) {
      const record = { nodes: [], status: emptyStatus, lookAgainInMs: 0, history: [] };
      await it.store.rounds.record(it.clusterId, token, { ...record, operation: { ...operation, phase: "Rolling", percentComplete } });
    }
    assert.equal((await it.store.operations.get(id))?.percentComplete, 40);
  });
}

function rounds(): void {
  const record = { nodes: [nodeRecord("n1"), nodeRecord("n2", "Enabled")], status: emptyStatus, lookAgainInMs: LONG_MS, history: [] };

  void test("write everything or nothing: under a lost lease nothing", async () => {
    const first = await lease("w1");
    assert.equal(await it.store.rounds.record(it.clusterId, first.token, record), "Recorded");
    await it.expireLeases();
    const lost = { ...record, nodes: [], history: [{ kind: "Never", data: {} }] };
    assert.equal(await it.store.rounds.record(it.clusterId, first.token, lost), "LeaseLost");
    await lease("w2");
    assert.equal(await it.store.rounds.record(it.clusterId, first.token, lost), "LeaseLost");
    assert.equal((await it.store.rounds.read(it.clusterId))?.nodes.length, 2);
    const history = await it.store.clusters.history(it.clusterId, { afterSeq: 0, limit: 1000 });
    assert.ok(history.every((row) => row.kind !== "Never"));
  });

  void test("read back what was recorded and forget nodes that are missing from it", async () => {
    const { token } = await lease();
    await it.store.rounds.record(it.clusterId, token, record);
    const read = await it.store.rounds.read(it.clusterId);
    assert.deepEqual(
      read?.nodes.map(({ node, phase }) => [node, phase]),
      [
        ["n1", "Pending"],
        ["n2", "Enabled"],
      ],
    );
    assert.deepEqual(read?.status, emptyStatus);
    assert.deepEqual(read?.rolloutPolicy, { maxUnavailable: 2 });
    await it.store.rounds.record(it.clusterId, token, { ...record, nodes: [nodeRecord("n2", "Soaking")] });
    assert.deepEqual(
      (await it.store.rounds.read(it.clusterId))?.nodes.map(({ node, phase }) => [node, phase]),
      [["n2", "Soaking"]],
    );
  });

  void test("are due when their time has come, and at once when a request was accepted", async () => {
    const { token } = await lease();
    await it.store.rounds.record(it.clusterId, token, record);
    assert.deepEqual(await it.store.rounds.due(10), []);
    await begin();
    assert.deepEqual(await it.store.rounds.due(10), [it.clusterId]);
  });

  void test("that fail are counted once for each try, under the lease, until nothing fails any more", async () => {
    const { token } = await lease();
    const said = async () => (await it.store.rounds.read(it.clusterId))?.faults;
    const fault = (message: string, retryInMs: number) => it.store.rounds.fault(it.clusterId, token, { kind: "Round", message, retryInMs });
    assert.equal(await said(), undefined);
    await fault("first", 0);
    await fault("second", LONG_MS);
    await fault("woken early", LONG_MS);
    assert.deepEqual(await said(), { kind: "Round", tries: 2, message: "second" });
    assert.deepEqual(await it.store.rounds.due(10), [], "a round that failed is not due before its next try");
    await it.store.rounds.record(it.clusterId, token, record);
    assert.equal((await said())?.tries, 2, "one good round says nothing of the step");
    await it.store.rounds.record(it.clusterId, token, { ...record, clearsFaults: true });
    await it.expireLeases();
    await fault("by a lost holder", 0);
    assert.equal(await said(), undefined);
  });

  void test("of an unknown cluster are nothing", async () => {
    assert.equal(await it.store.rounds.read(as<ClusterId>("/none")), undefined);
  });
}

function history(): void {
  void test("is gap-free and in order under concurrent writers, and a failed transaction leaves no hole", async () => {
    const entry = { kind: "Noted", data: {} };
    const writes = Array.from({ length: 30 }, (_, index) =>
      it.store.clusters.change(it.clusterId, () => {
        if (index % 5 === 0) throw new Error("refused");
        return { result: undefined, change: { history: [entry, entry] } };
      }),
    );
    const settled = await Promise.allSettled(writes);
    assert.equal(settled.filter((each) => each.status === "rejected").length, 6);
    const rows = await it.store.clusters.history(it.clusterId, { afterSeq: 0, limit: 1000 });
    assert.deepEqual(
      rows.map((row) => row.seq),
      rows.map((_, index) => index + 1),
    );
    assert.deepEqual(
      (await it.store.clusters.history(it.clusterId, { afterSeq: 3, limit: 2 })).map((row) => row.seq),
      [4, 5],
    );
  });
}

function clusters(): void {
  void test("are kept whole, and registering again renews the access reference and nothing else", async () => {
    const cluster = await it.store.clusters.get(it.clusterId);
    assert.ok(cluster);
    assert.deepEqual(cluster.properties, { kept: [1, { two: null }] });
    await it.store.clusters.register(
      { ...cluster, accessReference: "/second", generation: 99, desiredMode: "BpfVeth" },
      { maxUnavailable: 2 },
    );
    const again = await it.store.clusters.get(it.clusterId);
    assert.deepEqual(again, { ...cluster, accessReference: "/second" });
  });

  void test("have kubeconfigs for their users where they are registered with some, which no other write touches", async () => {
    const { store, clusterId } = it;
    const cluster = await store.clusters.get(clusterId);
    assert.ok(cluster);
    assert.equal(await store.clusters.credentials(clusterId), undefined);
    for (const time of ["first", "second"]) {
      const credentials = { user: `/${time}/user`, admin: `/${time}/admin` };
      await store.clusters.register(cluster, { maxUnavailable: 2 }, credentials);
      await store.clusters.change(clusterId, () => ({ result: undefined, change: { cluster, history: [] } }));
      assert.deepEqual(await store.clusters.credentials(clusterId), credentials);
    }
    await store.clusters.register(cluster, { maxUnavailable: 2 });
    assert.equal(await store.clusters.credentials(clusterId), undefined);
  });

  void test("have maintenance configurations, which rounds read and registering again leaves alone", async () => {
    const { store, clusterId } = it;
    assert.deepEqual(await store.clusters.maintenance(clusterId), {});
    const hours = { timeInWeek: [{ day: "Monday" as const, hourSlots: [1] }], notAllowedTime: [] };
    await store.clusters.change(clusterId, (locked) => ({
      result: undefined,
      change: { maintenance: { ...locked?.maintenance, default: hours }, history: [] },
    }));
    const cluster = await store.clusters.get(clusterId);
    assert.ok(cluster);
    await store.clusters.register(cluster, { maxUnavailable: 2 });
    assert.deepEqual(await store.clusters.maintenance(clusterId), { default: hours });
    assert.deepEqual((await store.rounds.read(clusterId))?.maintenance, { default: hours });
    await store.clusters.change(clusterId, (locked) => {
      assert.deepEqual(locked?.maintenance, { default: hours });
      return { result: undefined, change: { maintenance: {}, history: [] } };
    });
    assert.deepEqual(await store.clusters.maintenance(clusterId), {});
  });

  void test("are found by subscription and group without regard to case", async () => {
    const { subscriptionId } = (await it.store.clusters.get(it.clusterId)) ?? { subscriptionId: "" };
    const found = await it.store.clusters.list({ subscriptionId: subscriptionId.toUpperCase(), resourceGroup: "g", limit: 10 });
    assert.deepEqual(
      found.map((cluster) => cluster.id),
      [it.clusterId],
    );
    assert.deepEqual(await it.store.clusters.list({ subscriptionId, resourceGroup: "other", limit: 10 }), []);
  });
}

function usage(): void {
  const HOUR_MS = 3_600_000;
  const record = { nodes: [], status: emptyStatus, lookAgainInMs: 60_000, history: [] };
  const seen = async (enabled?: readonly EnabledNode[]): Promise<void> => {
    assert.equal(await it.store.rounds.record(it.clusterId, (await lease()).token, { ...record, enabled }), "Recorded");
  };
  /** Whole hours of a pool over all days, and how many of them were taken back. */
  const hours = async (pool: string): Promise<readonly number[]> => {
    const { usage: days } = await it.store.usage.read(it.clusterId, { from: "2000-01-01", to: "2999-12-31" });
    const ofPool = days.filter((day) => day.pool === pool);
    const sum = (of: (day: DailyUsage) => number): number => Math.round(ofPool.reduce((total, day) => total + of(day), 0) / HOUR_MS);
    return [sum(({ ms }) => ms), sum(({ correctionsMs }) => correctionsMs)];
  };

  void test("counts while a node is enabled, however often it is seen, and no longer", async () => {
    const node = { uid: "u1", bootId: "b", pool: "counts" };
    await seen([node]);
    await it.age(2 * HOUR_MS);
    await seen([node]);
    await seen([node]);
    assert.deepEqual(await hours("counts"), [2, 0], "what goes on counts until now");
    await seen([]);
    await it.age(HOUR_MS);
    await seen([]);
    assert.deepEqual(await hours("counts"), [2, 0]);
    await seen([node]);
    await it.age(3 * HOUR_MS);
    assert.deepEqual(await hours("counts"), [5, 0]);
    await seen([{ ...node, bootId: "c" }]);
    await it.age(HOUR_MS);
    assert.deepEqual(await hours("counts"), [3, 0], "it booted while nobody looked: what followed the last look is not charged");
  });

  void test("charges days while nobody can look, and takes back what was too much", async () => {
    const node = { uid: "u2", bootId: "b", pool: "unseen" };
    await seen([node]);
    await it.age(72 * HOUR_MS);
    await seen(undefined);
    assert.deepEqual(await hours("unseen"), [72, 0]);
    await seen([]);
    const [left = 0, taken = 0] = await hours("unseen");
    assert.equal(left, 0);
    assert.ok(taken <= -48 && taken >= -72, `${taken} h were taken back`);
  });

  void test("counts nothing of a round that was not recorded", async () => {
    const { token } = await lease();
    await it.expireLeases();
    const lost = { ...record, enabled: [{ uid: "u3", bootId: "b", pool: "lost" }] };
    assert.equal(await it.store.rounds.record(it.clusterId, token, lost), "LeaseLost");
    await it.age(HOUR_MS);
    assert.deepEqual(await hours("lost"), [0, 0]);
  });
}
