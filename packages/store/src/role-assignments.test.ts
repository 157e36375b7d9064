import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { ownerRole, readerRole } from "@hostrouting/domain";
import type { AuditEntry } from "./audit.ts";
import { ensureOwner } from "./ensure-owner.ts";
import type { NewRoleAssignment } from "./role-assignments.ts";
import { makeTestStore, SUBSCRIPTION, type TestStore } from "./testing/test-store.ts";

const S = `/subscriptions/${SUBSCRIPTION}`;
const G = `${S}/resourceGroups/G`;
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
  await create(wish("p4", { displayScope: tested.clusterId }));
  await create(wish("p4", { displayScope: `${tested.clusterId}/hostroutings/default` }));
  await create(wish("p4", { displayScope: `${tested.clusterId}2` }));
  await tested.sql(`delete from managed_cluster where id = '${tested.clusterId}'`);
  assert.deepEqual(
    (await grants("p4", S, true)).map((one) => one.scope),
    [`${tested.clusterId}2`],
  );
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
