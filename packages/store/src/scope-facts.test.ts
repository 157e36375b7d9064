import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { as, ownerRole, readerRole, type ClusterId, type Grant } from "@hostrouting/domain";
import type { AuditEntry } from "./audit.ts";
import type { ScopeAddress, ScopeFacts } from "./scope-facts.ts";
import { makeTestStore, SUBSCRIPTION, type TestStore } from "./testing/test-store.ts";

const S = `/subscriptions/${SUBSCRIPTION}`;
const G = `${S}/resourceGroups/G`;
let tested: TestStore;
before(async () => {
  tested = await makeTestStore();
});
after(() => tested.close());

const principal = { tenantId: "t", objectId: "o", name: "n", type: "User" } as const;

async function grant(
  displayScope: string,
  roleId: Grant["roleId"],
  changes: { tenantId?: string; principalId?: string } = {},
): Promise<void> {
  const made = { tenantId: "t", principalId: "p", principalType: "User", description: undefined, createdBy: "o", ...changes };
  const of = { subscriptionId: SUBSCRIPTION, principal, action: "a", scope: displayScope, outcome: "Accepted" } as const;
  const entry: AuditEntry = { ...of, requestId: "r", correlationId: "c", clientRequestId: undefined };
  const { kind } = await tested.store.roleAssignments.create({ ...made, id: randomUUID(), displayScope, roleId }, entry);
  assert.equal(kind, "Created");
}

const read = (changes: Partial<ScopeAddress> = {}): Promise<ScopeFacts> =>
  tested.store.directory.scope({ subscriptionId: SUBSCRIPTION, resourceGroup: undefined, grants: undefined, ...changes });

test("subscription and group are found in any case, and what is not asked for or not there is absent", async () => {
  const subscription = { id: SUBSCRIPTION, tenantId: "t", displayName: "s", state: "Registered" };
  const nothing = { subscription: undefined, group: undefined, grants: [], cluster: undefined };
  assert.deepEqual(await read(), { ...nothing, subscription });
  const group = { subscriptionId: SUBSCRIPTION, displayName: "G", location: "local", isBeingDeleted: false };
  assert.deepEqual(await read({ subscriptionId: SUBSCRIPTION.toUpperCase(), resourceGroup: "g" }), {
    ...nothing,
    subscription,
    group,
  });
  assert.deepEqual(await read({ resourceGroup: "none" }), { ...nothing, subscription });
  assert.deepEqual(await read({ subscriptionId: randomUUID(), resourceGroup: "G" }), nothing);
  await assert.doesNotReject(read({ subscriptionId: "' or true --", resourceGroup: "'\\" }));
});

test("a group that is going says so, and a subscription's state is the one of now", async () => {
  const by = { ...principal };
  const removal = { id: randomUUID(), subscriptionId: SUBSCRIPTION, name: "G", by, correlationId: "c" };
  assert.equal(await tested.store.groupRemovals.begin(removal), "Begun");
  assert.equal((await read({ resourceGroup: "G" })).group?.isBeingDeleted, true);
  await tested.store.groupRemovals.fail(SUBSCRIPTION, "G", { code: "Conflict", message: "stays" });
  assert.equal((await read({ resourceGroup: "G" })).group?.isBeingDeleted, false);
  const warned = { id: SUBSCRIPTION, tenantId: "t", displayName: "s", state: "Warned" };
  await tested.store.directory.registerSubscription(warned);
  assert.deepEqual((await read()).subscription, warned);
  await tested.store.directory.registerSubscription({ ...warned, state: "Registered" });
});

test("its grants are those that the role assignments tell for the same question, and one that was removed is gone with the next", async () => {
  await grant(S, readerRole.id);
  await grant(G, ownerRole.id);
  await grant(tested.clusterId, readerRole.id);
  await grant(G, readerRole.id, { principalId: "q" });
  await grant(G, readerRole.id, { tenantId: "other" });
  const sorted = (all: readonly Grant[]): readonly Grant[] => all.toSorted((a, b) => (a.scope < b.scope ? -1 : 1));
  for (const [scope, below, count] of [
    [S, false, 1],
    [S, true, 3],
    [G, false, 2],
    [tested.clusterId, false, 3],
    [`${G}b`, true, 1],
  ] as const) {
    const grants = { tenantId: "t", principalId: "p", scope: scope.toLowerCase(), below };
    const found = sorted((await read({ grants })).grants);
    assert.deepEqual([found, found.length], [sorted(await tested.store.roleAssignments.grants(grants)), count], `${scope} ${below}`);
  }
  await tested.sql(`delete from role_assignment where scope = '${S}'`);
  assert.deepEqual((await read({ grants: { tenantId: "t", principalId: "p", scope: S, below: false } })).grants, []);
});

test("a cluster that is asked for with it is the one that the clusters tell, as it is now, and absent where there is none", async () => {
  const { store, clusterId } = tested;
  const cluster = async (id = clusterId) => (await read({ resourceGroup: "G", cluster: id })).cluster;
  assert.notEqual(await cluster(), undefined);
  assert.deepEqual(await cluster(), await store.clusters.get(clusterId));
  await store.clusters.change(clusterId, (locked) => {
    assert.ok(locked);
    return { result: undefined, change: { cluster: { ...locked.cluster, tags: { now: "changed" }, generation: 2 ** 40 }, history: [] } };
  });
  assert.deepEqual([(await cluster())?.tags, (await cluster())?.generation], [{ now: "changed" }, 2 ** 40]);
  assert.equal(await cluster(as<ClusterId>(`${clusterId}-none`)), undefined);
});
