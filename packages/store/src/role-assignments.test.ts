import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { ownerRole, readerRole } from "@hostrouting/domain";
import { Client } from "pg";
import type { AuditEntry } from "./audit.ts";
import { ensureOwner } from "./ensure-owner.ts";
import type { NewRoleAssignment } from "./role-assignments.ts";
import { makeTestStore, registerTestCluster, SUBSCRIPTION, type TestStore } from "./testing/test-store.ts";

const S = `/subscriptions/${SUBSCRIPTION}`;
const G = `${S}/resourceGroups/G`;
const DELETED = "22222222-2222-2222-2222-222222222222";
let tested: TestStore;
before(async () => {
  tested = await makeTestStore();
});
after(() => tested.close());

const entry: AuditEntry = {
  subscriptionId: SUBSCRIPTION,
  principal: { tenantId: "t", objectId: "o", name: "n", type: "User" },
  action: "a",
  scope: S,
  outcome: "Accepted",
  requestId: "r",
  correlationId: "c",
  clientRequestId: undefined,
};

function wish(principalId: string, changes: Partial<NewRoleAssignment> = {}): NewRoleAssignment {
  return {
    tenantId: "t",
    id: randomUUID(),
    displayScope: G,
    principalId,
    principalType: "User",
    roleId: readerRole.id,
    description: undefined,
    createdBy: "o",
    ...changes,
  };
}
const { create, remove, grants, list, subscriptionsOf } = {
  create: (given: NewRoleAssignment) => tested.store.roleAssignments.create(given, entry),
  remove: (given: Parameters<TestStore["store"]["roleAssignments"]["remove"]>[0]) => tested.store.roleAssignments.remove(given, entry),
  grants: (principalId: string, scope: string, below = false) =>
    tested.store.roleAssignments.grants({ tenantId: "t", principalId, scope: scope.toLowerCase(), below }),
  list: (scope: string, below: boolean) =>
    tested.store.roleAssignments.list({ tenantId: "t", principalId: undefined, scope: scope.toLowerCase(), below }),
  subscriptionsOf: (principalId: string) => tested.store.roleAssignments.subscriptionsOf("t", principalId),
};

test("a grant is given at what stands in a group beside its clusters, whether it is there yet or not", async () => {
  const made = await create(wish("p0", { displayScope: `${G}/providers/Microsoft.Resources/deployments/all` }));
  assert.equal(made.kind, "Created");
});

test("a grant is found at its scope and below, above it only when asked for, and never beside it or in another tenant", async () => {
  const made = await create(wish("p1"));
  assert.equal(made.kind, "Created");
  const scope = G.toLowerCase();
  const found = [{ scope, roleId: readerRole.id }];
  assert.deepEqual(await grants("p1", `${G}/providers/x/y/z`), found);
  assert.deepEqual(await grants("p1", G), found);
  assert.deepEqual(await grants("p1", S), []);
  assert.deepEqual(await grants("p1", S, true), found);
  assert.deepEqual(await grants("p1", `${G}b`, true), []);
  assert.deepEqual(await tested.store.roleAssignments.grants({ tenantId: "other", principalId: "p1", scope, below: true }), []);
  assert.deepEqual([await subscriptionsOf("p1"), await subscriptionsOf("nobody")], [[SUBSCRIPTION], []]);
});

test("the same one again is the same; its name for another, and another name for the same, are refused", async () => {
  const first = wish("p2");
  assert.equal((await create(first)).kind, "Created");
  assert.equal((await create({ ...first, displayScope: G.toUpperCase().replace("/SUBSCRIPTIONS", "/subscriptions") })).kind, "Same");
  assert.equal((await create({ ...first, description: "d" })).kind, "Updated");
  assert.equal((await create({ ...first, principalId: "p3" })).kind, "Taken");
  assert.equal((await create({ ...first, id: randomUUID() })).kind, "Double");
});

test("the last Owner of a subscription stays, also when two go at once", async () => {
  const owner = (principalId: string) => wish(principalId, { displayScope: S, roleId: ownerRole.id });
  const made = [await create(owner("o1")), await create(owner("o2"))].flatMap((one) => ("assignment" in one ? [one.assignment] : []));
  const outcomes = await Promise.all(made.map((one) => remove(one)));
  assert.deepEqual(outcomes.toSorted(), ["LastOwner", "Removed"]);
  const left = (await list(S, false)).filter((one) => one.roleId === ownerRole.id);
  assert.equal(left.length, 1);
  const groupOwner = await create(wish("o3", { roleId: ownerRole.id }));
  assert.ok("assignment" in groupOwner);
  assert.deepEqual([await remove(groupOwner.assignment), await remove(groupOwner.assignment)], ["Removed", "Absent"]);
});

test("the rights at a cluster go with it", async () => {
  await registerTestCluster(tested.store.clusters, "c2");
  await create(wish("p4", { displayScope: tested.clusterId }));
  await create(wish("p4", { displayScope: `${tested.clusterId}/hostroutings/default` }));
  await create(wish("p4", { displayScope: `${tested.clusterId}2` }));
  await tested.sql(`delete from managed_cluster where id = '${tested.clusterId}'`);
  assert.deepEqual(
    (await grants("p4", S, true)).map((one) => one.scope),
    [`${tested.clusterId}2`],
  );
});

/** In a transaction of its own, which ends once `meanwhile` is over or waits for it. @returns what `meanwhile` came to. */
async function beside<T>(statement: string, meanwhile: () => Promise<T>): Promise<T> {
  const [holder, watcher] = [new Client({ connectionString: tested.url }), new Client({ connectionString: tested.url })];
  try {
    await Promise.all([holder.connect(), watcher.connect()]);
    await holder.query(`begin; ${statement}`);
    const { rows } = await holder.query("select pg_backend_pid() as pid");
    let isOver = false;
    const outcome = meanwhile().finally(() => (isOver = true));
    const waiting = "select from pg_stat_activity where $1::int = any(pg_blocking_pids(pid))";
    while (!isOver && (await watcher.query(waiting, [rows[0].pid])).rowCount === 0);
    await holder.query("commit");
    return await outcome;
  } finally {
    await Promise.all([holder.end(), watcher.end()]);
  }
}

for (const { what, gone, at, again } of [
  {
    what: "a cluster",
    gone: `delete from managed_cluster where name = 'going'`,
    at: () => `${tested.clusterId.slice(0, -1)}Going/hostRoutings/default`,
    again: () => registerTestCluster(tested.store.clusters, "going"),
  },
  {
    what: "a group",
    gone: `delete from resource_group where name = 'going'`,
    at: () => `${S}/resourceGroups/Going`,
    again: () => tested.store.directory.registerResourceGroup({ subscriptionId: SUBSCRIPTION, displayName: "Going", location: "local" }),
  },
])
  test(`a role assigned at ${what} that is going is refused, and whatever comes to have its name begins without rights`, async () => {
    await again();
    const given = wish("p6", { displayScope: at() });
    assert.equal((await beside(gone, () => create(given))).kind, "ScopeGone");
    assert.equal((await create(given)).kind, "ScopeGone");
    await again();
    assert.deepEqual(await grants("p6", at()), []);
    await Promise.all([create(given), tested.sql(gone)]);
    assert.deepEqual(await grants("p6", at()), []);
  });

test("a role assigned at a subscription that is deleted is refused", async () => {
  await tested.sql(`insert into subscription (id, tenant_id, display_name, state) values ('${DELETED}', 't', 'd', 'Deleted')`);
  assert.equal((await create(wish("p7", { displayScope: `/subscriptions/${DELETED}` }))).kind, "ScopeGone");
  await assert.rejects(ensureOwner(tested.store, { subscriptionId: DELETED, principalId: "p7", principalType: "User" }), /is deleted/);
});

test("making and removing are audited, in the same transaction", async () => {
  const before = (await tested.store.audit.head(SUBSCRIPTION)).sequence;
  const made = await create(wish("p5"));
  assert.ok("assignment" in made);
  await create(wish("p5"));
  await remove(made.assignment);
  assert.equal((await tested.store.audit.head(SUBSCRIPTION)).sequence, before + 2);
});

test("an operator makes somebody Owner past the surface, once, and it is audited as nobody's request", async () => {
  const owner = { subscriptionId: SUBSCRIPTION.toUpperCase(), principalId: randomUUID(), principalType: "User" } as const;
  assert.deepEqual([await ensureOwner(tested.store, owner), await ensureOwner(tested.store, owner)], ["Created", "Present"]);
  assert.deepEqual(await grants(owner.principalId, S), [{ scope: S, roleId: ownerRole.id }]);
  const { sequence } = await tested.store.audit.head(SUBSCRIPTION);
  const [last] = await tested.store.audit.read(SUBSCRIPTION, { afterSequence: sequence - 1, limit: 1 });
  assert.equal(JSON.parse(last?.content ?? "").objectId, null);
  await assert.rejects(ensureOwner(tested.store, { ...owner, subscriptionId: randomUUID() }), /no subscription/);
});
