import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { contributorRole, hostRoutingOperatorRole, ownerRole, readerRole } from "@hostrouting/domain";
import { verifyAudit } from "@hostrouting/store";
import { readAuditExport } from "./arm/audit-wire.ts";
import { assign, ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Ask, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const A = "api-version=2022-04-01";
const SUB = `/subscriptions/${ids.subscriptionId}`;
const LAB = `${SUB}/resourceGroups/Lab`;
const CLUSTERS = "providers/Microsoft.ContainerService/managedClusters";
const ROLES = "providers/Microsoft.Authorization/roleAssignments";
let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(
    surface.store,
    ["one", "two"].map((name) => makeCluster(name)),
  );
  await register(surface.store, [
    { ...makeCluster("three"), resourceGroup: "empty", id: makeCluster("three").id.replace("/lab/", "/empty/") as never },
  ]);
});
after(() => surface.close());

const as = (oid: string, path: string, more: Partial<Ask> = {}): Promise<Reply> => surface.ask({ path, token: { oid }, ...more });
const names = (reply: Reply): unknown => reply.body.value?.map((one: { name: string }) => one.name) ?? reply.body.error.code;

async function give(principalId: string, scope: string, role = readerRole): Promise<{ path: string; reply: Reply }> {
  const path = `${scope}/${ROLES}/${randomUUID()}?${A}`;
  const roleDefinitionId = `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${role.id}`;
  const reply = await surface.ask({ method: "PUT", path, body: { properties: { roleDefinitionId, principalId, principalType: "User" } } });
  return { path, reply };
}

test("a right on one group: its clusters in every list, nothing of the other group, and the subscription is seen", async () => {
  const oid = randomUUID();
  assert.deepEqual(names(await as(oid, `${SUB}/${CLUSTERS}?${V}`)), "AuthorizationFailed");
  assert.equal((await as(oid, "/subscriptions?api-version=2022-12-01")).body.value.length, 0);
  assert.equal((await give(oid, LAB)).reply.status, 201);
  assert.deepEqual(names(await as(oid, `${SUB}/${CLUSTERS}?${V}`)), ["one", "two"]);
  assert.deepEqual(names(await as(oid, `${LAB}/${CLUSTERS}?${V}`)), ["one", "two"]);
  assert.deepEqual(names(await as(oid, `${SUB}/resourceGroups/empty/${CLUSTERS}?${V}`)), "AuthorizationFailed");
  assert.deepEqual(names(await as(oid, `${SUB}/resourceGroups?api-version=2025-04-01`)), ["Lab"]);
  assert.equal((await as(oid, "/subscriptions?api-version=2022-12-01")).body.value.length, 1);
});

test("a right on one cluster: lists show it alone, page by page", async () => {
  const oid = randomUUID();
  await give(oid, `${LAB}/${CLUSTERS}/two`);
  await give(oid, `${SUB}/resourceGroups/empty/${CLUSTERS}/three`);
  const first = await as(oid, `${SUB}/${CLUSTERS}?${V}&$top=1`);
  const second = await as(oid, String(first.body.nextLink).slice(surface.base.length));
  assert.deepEqual([names(first), names(second), second.body.nextLink], [["three"], ["two"], undefined]);
  assert.equal((await as(oid, `${LAB}/${CLUSTERS}/one?${V}`)).status, 403);
  assert.equal((await as(oid, `${LAB}/${CLUSTERS}/two?${V}`)).status, 200);
});

test("a right that is taken away is gone with the next request, and an escaped or odd address changes nothing", async () => {
  const oid = randomUUID();
  const { path } = await give(oid, LAB);
  const one = `${SUB}/resourcegroups/%4cab/${CLUSTERS}/one?${V}`;
  assert.equal((await as(oid, one)).status, 200);
  assert.equal((await surface.ask({ method: "DELETE", path })).status, 200);
  for (const variant of [one, one.replace("/one", "//ONE"), one.replace("%4cab", "lab")])
    assert.equal((await as(oid, variant)).status, 403);
  assert.equal((await surface.ask({ method: "DELETE", path })).status, 204);
});

test("assignments: read, listed by filter, the same again is 200, another principal or role under its name 400, another name for the same 409", async () => {
  const oid = randomUUID();
  const { path, reply } = await give(oid, LAB);
  assert.deepEqual([reply.body.properties.principalId, reply.body.properties.scope], [oid, LAB]);
  assert.equal((await surface.ask({ path })).body.id, reply.body.id);
  const list = async (scope: string, filter: string): Promise<number> =>
    (await surface.ask({ path: `${scope}/${ROLES}?${A}&$filter=${encodeURIComponent(filter)}` })).body.value.length;
  assert.deepEqual(
    [
      await list(SUB, `principalId eq '${oid}'`),
      await list(SUB, `atScope() and assignedTo('${oid}')`),
      await list(LAB, `assignedTo('${oid}')`),
    ],
    [1, 0, 1],
  );
  const body = { properties: { roleDefinitionId: reply.body.properties.roleDefinitionId, principalId: oid } };
  assert.equal((await surface.ask({ method: "PUT", path, body })).status, 200);
  const roleDefinitionId = `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${ownerRole.id}`;
  for (const change of [{ principalId: randomUUID() }, { roleDefinitionId }]) {
    const other = await surface.ask({ method: "PUT", path, body: { properties: { ...body.properties, ...change } } });
    assert.deepEqual([other.status, other.body.error.code], [400, "RoleAssignmentUpdateNotPermitted"]);
  }
  const twin = await surface.ask({ method: "PUT", path: `${LAB}/${ROLES}/${randomUUID()}?${A}`, body });
  assert.deepEqual([twin.status, twin.body.error.code], [409, "RoleAssignmentExists"]);
  const bad = await surface.ask({ path: `${LAB}/${ROLES}?${A}&$filter=${encodeURIComponent("scope eq 'x'")}` });
  assert.deepEqual([bad.status, bad.body.error.code], [400, "InvalidFilter"]);
});

test("an assignment's description is changed by whoever may assign, and taken away where a body has none; it is told by whom and when", async () => {
  const oid = randomUUID();
  const { path, reply } = await give(oid, LAB);
  await assign(surface.store, { principalId: "second owner" });
  const put = (properties: object, token: string): Promise<Reply> =>
    as(token, path, { method: "PUT", body: { properties: { ...reply.body.properties, ...properties } } });
  assert.equal((await put({ description: "first" }, "oid-of-tests")).body.properties.description, "first");
  const second = await put({ description: "on call" }, "second owner");
  const { description, createdOn, createdBy, updatedOn, updatedBy } = second.body.properties;
  assert.deepEqual(
    [second.status, description, createdOn, createdBy, updatedBy],
    [200, "on call", reply.body.properties.createdOn, "oid-of-tests", "second owner"],
  );
  assert.ok(updatedOn > createdOn, `${updatedOn} after ${createdOn}`);
  const { sequence } = await surface.store.audit.head(ids.subscriptionId);
  const [last] = await surface.store.audit.read(ids.subscriptionId, { afterSequence: sequence - 1, limit: 1 });
  assert.deepEqual([JSON.parse(last?.content ?? "").objectId, JSON.parse(last?.content ?? "").outcome], ["second owner", "Accepted"]);
  assert.deepEqual((await put({ description: "on call" }, "oid-of-tests")).body, second.body);
  assert.deepEqual((await surface.ask({ path })).body, second.body);
  assert.equal((await put({ description: null }, "oid-of-tests")).body.properties.description, null);
});

test("a body with several faults is told them all, a condition among them", async () => {
  const body = { properties: { roleDefinitionId: "/providers/x", principalId: "me", condition: "true" } };
  const reply = await surface.ask({ method: "PUT", path: `${LAB}/${ROLES}/${randomUUID()}?${A}`, body });
  const codes = reply.body.error.details.map((one: { code: string }) => one.code);
  assert.deepEqual(
    [reply.status, codes],
    [400, ["InvalidPrincipalId", "RoleDefinitionDoesNotExist", "RoleAssignmentConditionNotSupported"]],
  );
});

test("roles are found by name, as az asks", async () => {
  const path = `${LAB}/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-05-01-preview&$filter=roleName%20eq%20'host routing operator'`;
  assert.deepEqual(
    (await surface.ask({ path: path.replaceAll(" ", "%20") })).body.value.map(
      (one: { properties: { roleName: string } }) => one.properties.roleName,
    ),
    ["Host Routing Operator"],
  );
});

test("only who may give rights away does; a Contributor cannot make itself Owner", async () => {
  await assign(surface.store, { principalId: "contributor", roleId: contributorRole.id });
  const path = `${SUB}/${ROLES}/${randomUUID()}?${A}`;
  const properties = { roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ownerRole.id}`, principalId: randomUUID() };
  assert.equal((await as("contributor", path, { method: "PUT", body: { properties } })).status, 403);
});

test("the last Owner of a subscription cannot be removed", async () => {
  const owners = await surface.ask({ path: `${SUB}/${ROLES}?${A}&$filter=atScope()` });
  const isOwner = (one: { properties: { roleDefinitionId: string } }): boolean => one.properties.roleDefinitionId.endsWith(ownerRole.id);
  const all: { id: string; properties: { principalId: string; roleDefinitionId: string } }[] = owners.body.value.filter(isOwner);
  const mine = all.find((one) => one.properties.principalId === "oid-of-tests");
  for (const one of all) if (one !== mine) assert.equal((await surface.ask({ method: "DELETE", path: `${one.id}?${A}` })).status, 200);
  const refused = await surface.ask({ method: "DELETE", path: `${mine?.id}?${A}` });
  assert.deepEqual([refused.status, refused.body.error.code], [409, "LastOwnerCannotBeRemoved"]);
});

test("an operation is shown to whoever started it, not to an Owner who did not", async () => {
  await assign(surface.store, { principalId: "other owner" });
  const performance = { accelerationMode: "BpfVeth" };
  const body = { location: "westeurope", properties: { networkProfile: { advancedNetworking: { enabled: true, performance } } } };
  const accepted = await surface.ask({ method: "PUT", path: `${LAB}/${CLUSTERS}/one?${V}`, body });
  const status = String(accepted.headers["azure-asyncoperation"]).slice(surface.base.length);
  assert.equal((await surface.ask({ path: status })).status, 200);
  const other = await as("other owner", status);
  assert.deepEqual([other.status, other.body.error.code], [404, "OperationNotFound"]);
});

test("writes and refusals are audited with who, what, where and what came of it; reads are not; the export verifies", async () => {
  const before = await surface.store.audit.head(ids.subscriptionId);
  const path = `${LAB}/${CLUSTERS}/two?${V}`;
  await surface.ask({ path });
  const headers = { "x-ms-client-request-id": "client", "x-ms-correlation-request-id": "corr" };
  assert.equal((await surface.ask({ method: "PUT", path, body: { tags: { a: "b" } }, headers })).status, 200);
  assert.equal((await surface.ask({ method: "PUT", path, body: { properties: { kubernetesVersion: 7 } } })).status, 400);
  assert.equal((await as("nobody", path, { method: "PUT", body: {} })).status, 403);
  assert.equal((await surface.ask({ method: "PUT", path, body: {}, token: null })).status, 401);
  const pages: unknown[] = [];
  for (let next: string | undefined = `${SUB}/providers/Microsoft.ContainerService/auditEvents?${V}&$top=3`; next !== undefined;) {
    const page = await surface.ask({ path: next });
    pages.push(page.body);
    next = page.body.nextLink?.slice(surface.base.length);
  }
  const { rows, head } = readAuditExport(pages.map((page) => JSON.stringify(page)).join("\n"));
  assert.equal(verifyAudit({ subscriptionId: ids.subscriptionId, rows, head }), undefined);
  const events = rows.slice(before.sequence).map((row) => JSON.parse(row.content));
  assert.deepEqual(
    events.map((one) => [one.objectId, one.action.split("/").slice(1).join("/"), one.outcome, one.status, one.code]),
    [
      ["oid-of-tests", "managedClusters/write", "Accepted", null, null],
      ["oid-of-tests", "managedClusters/write", "Refused", 400, events[1].code],
      ["nobody", "managedClusters/write", "Refused", 403, "AuthorizationFailed"],
      [null, "managedClusters/write", "Refused", 401, "AuthenticationFailed"],
    ],
  );
  assert.deepEqual([events[0].correlationId, events[0].clientRequestId, events[0].scope], ["corr", "client", path.split("?")[0]]);
});

test("whoever is sent to somebody else's operation finds it: who cancels it, who asks for the same, who deletes what is being deleted", async () => {
  const cluster = `${LAB}/${CLUSTERS}/two?${V}`;
  const properties = { networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode: "BpfVeth" } } } };
  await surface.ask({ method: "PUT", path: cluster, body: { properties } });
  const asks: readonly (readonly [role: typeof readerRole, path: string, ask: Partial<Ask>])[] = [
    [contributorRole, cluster, { method: "PUT", body: { properties } }],
    [hostRoutingOperatorRole, cluster.replace("?", "/hostRoutings/default/abort?"), { method: "POST" }],
    [ownerRole, cluster, { method: "DELETE" }],
    [contributorRole, cluster, { method: "DELETE" }],
  ];
  for (const [role, path, ask] of asks) {
    const oid = randomUUID();
    await give(oid, SUB, role);
    const { headers } = await as(oid, path, ask);
    for (const url of [headers["azure-asyncoperation"], headers["location"]].filter((one) => one !== undefined)) {
      const address = String(url).slice(surface.base.length);
      assert.ok([200, 202].includes((await as(oid, address)).status), `${role.name}: ${address}`);
      assert.equal((await as(randomUUID(), address)).status, 404);
    }
    assert.ok(headers["azure-asyncoperation"], role.name);
  }
});
