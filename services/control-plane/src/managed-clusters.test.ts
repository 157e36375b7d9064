import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, moveOperation, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
const pathOf = (name: string): string => `${GROUP}/providers/Microsoft.ContainerService/managedClusters/${name}`;

let surface: TestSurface;
let serial = 0;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, []);
});
after(() => surface.close());

/** A fresh cluster, so that no test depends on another. */
async function fresh(
  changes: Parameters<typeof makeCluster>[1] = {},
): Promise<{ name: string; path: string; id: ReturnType<typeof makeCluster>["id"] }> {
  const cluster = makeCluster(`cluster-${++serial}`, changes);
  await register(surface.store, [cluster]);
  return { name: cluster.name, path: pathOf(cluster.name), id: cluster.id };
}

const acns = (mode: string, more: object = {}): object => ({
  location: "westeurope",
  properties: { networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode: mode }, ...more } } },
});
const get = (path: string): Promise<Reply> => surface.ask({ path: `${path}?${V}` });
const put = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  surface.ask({ method: "PUT", path: `${path}?${V}`, body, headers });
const modeOf = (reply: Reply): string => reply.body.properties.networkProfile.advancedNetworking.performance.accelerationMode;
const statusPath = (reply: Reply): string => String(reply.headers["azure-asyncoperation"]).slice(surface.base.length);

test("PUT BpfVeth: 200, Updating, an operation that can be polled to Succeeded; then GET shows the mode", async () => {
  const { path, id } = await fresh();
  const accepted = await put(path, acns("bpfveth"));
  assert.equal(accepted.status, 200);
  assert.equal(accepted.body.properties.provisioningState, "Updating");
  assert.equal(modeOf(accepted), "BpfVeth");
  assert.match(
    String(accepted.headers["azure-asyncoperation"]),
    /^https:\/\/localhost:8443\/subscriptions\/.*\/locations\/westeurope\/operations\/[0-9a-f-]{36}\?api-version=2026-04-01$/,
  );
  assert.equal(accepted.headers["retry-after"], "1");

  const running = await surface.ask({ path: statusPath(accepted) });
  assert.deepEqual(
    [running.status, running.body.status, running.body.percentComplete, running.headers["retry-after"]],
    [200, "InProgress", 0, "1"],
  );
  assert.ok(!("resourceLocation" in running.body) && !("endTime" in running.body));

  for (const phase of ["Validating", "Preparing", "Rolling", "Finishing"] as const) await moveOperation(surface.store, id, phase);
  await moveOperation(surface.store, id, { phase: "Succeeded", percentComplete: 100 });
  const ended = await surface.ask({ path: `${statusPath(accepted)}&t=1&s=opaque` });
  assert.deepEqual([ended.body.status, ended.body.percentComplete, ended.headers["retry-after"]], ["Succeeded", 100, undefined]);
  assert.ok(Date.parse(ended.body.endTime) >= Date.parse(ended.body.startTime));
  const settled = await get(path);
  assert.deepEqual(
    [settled.body.properties.provisioningState, modeOf(settled), settled.body.eTag],
    ["Succeeded", "BpfVeth", accepted.body.eTag],
  );

  const again = await put(path, acns("BpfVeth"));
  assert.deepEqual(
    [again.status, again.headers["azure-asyncoperation"], again.body.eTag, again.body.systemData.lastModifiedAt],
    [200, undefined, settled.body.eTag, settled.body.systemData.lastModifiedAt],
  );
});

test("the reverse PUT supersedes: the old operation is Canceled with an error, the new one is another", async () => {
  const { path, id } = await fresh();
  const enabling = await put(path, acns("BpfVeth"));
  await moveOperation(surface.store, id, "Validating");
  const disabling = await put(path, acns("None"));
  assert.deepEqual([disabling.status, disabling.body.properties.provisioningState, modeOf(disabling)], [200, "Updating", "None"]);
  assert.notEqual(statusPath(disabling), statusPath(enabling));
  const old = await surface.ask({ path: statusPath(enabling) });
  assert.deepEqual([old.body.status, old.body.error.code], ["Canceled", "Superseded"]);
  assert.equal((await surface.ask({ path: statusPath(disabling) })).body.status, "InProgress");
  const kinds = (await surface.store.clusters.history(id, { afterSeq: 0, limit: 10 })).map((entry) => entry.kind);
  assert.deepEqual(kinds, ["OperationAccepted", "OperationSuperseded", "OperationAccepted"]);
});

test("while an operation is under way: equal PUT and tags point at it, everything else is 409 without Retry-After", async () => {
  const { path } = await fresh();
  const enabling = await put(path, acns("BpfVeth"));
  const equal = await put(path, acns("BpfVeth"));
  assert.deepEqual([equal.status, statusPath(equal), equal.body.eTag], [200, statusPath(enabling), enabling.body.eTag]);
  const tagged = await put(path, { ...acns("BpfVeth"), tags: { a: "b" } });
  assert.deepEqual([tagged.status, statusPath(tagged), tagged.body.tags], [200, statusPath(enabling), { a: "b" }]);
  assert.notEqual(tagged.body.eTag, enabling.body.eTag);
  for (const body of [
    { ...acns("BpfVeth"), sku: { tier: "Premium" } },
    acns("BpfVeth", { observability: { enabled: false } }),
    { properties: { kubernetesVersion: "1.37" } },
    { properties: { agentPoolProfiles: [{ name: "user", count: 9 }] } },
  ]) {
    const refused = await put(path, body);
    assert.deepEqual([refused.status, refused.body.error.code, refused.headers["retry-after"]], [409, "OperationNotAllowed", undefined]);
  }
  assert.equal((await get(path)).body.eTag, tagged.body.eTag);
});

test("of many PUTs at once, one operation begins and all point at it", async () => {
  const { path, id } = await fresh();
  const replies = await Promise.all(Array.from({ length: 12 }, () => put(path, acns("BpfVeth"))));
  assert.deepEqual(new Set(replies.map((reply) => reply.status)), new Set([200]));
  assert.equal(new Set(replies.map(statusPath)).size, 1);
  assert.equal((await surface.store.operations.list(id, 10)).length, 1);
});

test("an operation that failed: status and cluster say so, and the same PUT begins another", async () => {
  const { path, id } = await fresh();
  const first = await put(path, acns("BpfVeth"));
  await moveOperation(surface.store, id, {
    phase: "Failed",
    error: { code: "PreflightBlocked", message: "Two checks failed", details: [{ code: "PF-008", message: "x" }] },
  });
  const status = await surface.ask({ path: statusPath(first) });
  assert.deepEqual([status.body.status, status.body.error.code, status.body.error.details.length], ["Failed", "PreflightBlocked", 1]);
  assert.equal((await get(path)).body.properties.provisioningState, "Failed");
  const second = await put(path, acns("BpfVeth"));
  assert.deepEqual([second.status, second.body.properties.provisioningState], [200, "Updating"]);
  assert.notEqual(statusPath(second), statusPath(first));
});

test("a change that touches no mode is stored at once, without an operation", async () => {
  const { path } = await fresh();
  const before = await get(path);
  const reply = await put(path, { properties: { autoUpgradeProfile: { upgradeChannel: "patch" } }, sku: { tier: "Premium" } });
  assert.deepEqual(
    [reply.status, reply.headers["azure-asyncoperation"], reply.body.properties.provisioningState],
    [200, undefined, "Succeeded"],
  );
  assert.deepEqual(reply.body.sku, { name: "Base", tier: "Premium" });
  assert.deepEqual(reply.body.properties.autoUpgradeProfile, { upgradeChannel: "patch" });
  assert.notEqual(reply.body.eTag, before.body.eTag);
  assert.deepEqual([reply.body.systemData.createdBy, reply.body.systemData.lastModifiedBy], ["setup", ids.clientId]);
});

test("az's habits: an echo of GET changes nothing, an empty profile keeps, a missing one keeps", async () => {
  const { path } = await fresh();
  const before = await get(path);
  const echo = {
    ...before.body,
    properties: { ...before.body.properties, storageProfile: {}, networkProfile: { ...before.body.properties.networkProfile } },
  };
  delete echo.properties.networkProfile.advancedNetworking;
  const reply = await put(path, echo);
  assert.deepEqual(
    [reply.status, reply.body.eTag, reply.body.properties.storageProfile],
    [200, before.body.eTag, { diskCSIDriver: { enabled: true } }],
  );
});

test("what ARM puts between itself and a provider never comes from a client", async () => {
  const { path } = await fresh();
  const forged = { "x-ms-arm-resource-system-data": '{"lastModifiedBy":"mallory"}', "x-ms-client-principal-name": "mallory" };
  const reply = await put(path, { tags: { x: "y" } }, forged);
  assert.equal(reply.body.systemData.lastModifiedBy, ids.clientId);
});

test("secrets that clients send with a cluster are kept nowhere and shown to nobody", async () => {
  const { path, id } = await fresh();
  const properties = { windowsProfile: { adminUsername: "u", adminPassword: "hunter2" }, servicePrincipalProfile: { secret: "hunter2" } };
  for (const method of ["PUT", "PATCH"]) {
    const reply = await surface.ask({ method, path: `${path}?${V}`, body: { properties } });
    assert.deepEqual([reply.status, reply.body.properties.windowsProfile], [200, { adminUsername: "u" }]);
    assert.doesNotMatch(JSON.stringify([reply.body, await surface.store.clusters.get(id)]), /hunter2/);
  }
});

test("etags: quoted, bare and weak match; a stale one is 412 and changes nothing", async () => {
  const { path } = await fresh();
  const { eTag } = (await get(path)).body;
  const rows: readonly (readonly [headers: Record<string, string>, status: number])[] = [
    [{ "if-match": `"${eTag}"` }, 200],
    [{ "if-match": eTag }, 200],
    [{ "if-match": `W/"${eTag}"` }, 200],
    [{ "if-match": "*" }, 200],
    [{ "if-match": "" }, 200],
    [{ "if-match": '"stale"' }, 412],
    [{ "if-none-match": "*" }, 412],
    [{ "if-none-match": '"stale"' }, 200],
  ];
  for (const [headers, status] of rows) assert.equal((await put(path, {}, headers)).status, status, JSON.stringify(headers));
  const stale = await put(path, { tags: {} }, { "if-match": "stale" });
  assert.deepEqual([stale.body.error.code, (await get(path)).body.tags], ["PreconditionFailed", { team: "net" }]);
  assert.equal((await get(path)).headers["etag"], `"${eTag}"`);
});

test("addresses: letter case, doubled and trailing slashes, and the key api-version in capitals", async () => {
  const { path, name } = await fresh();
  for (const variant of [
    `${path}?API-VERSION=2026-04-01`,
    `${path.toLowerCase()}?${V}`,
    `${path.replace("ContainerService/", "ContainerService//")}?${V}`,
    `${path}/?${V}`,
  ]) {
    const reply = await surface.ask({ path: variant });
    assert.deepEqual([reply.status, reply.body.id], [200, pathOf(name)], variant);
  }
});

test("lists: pages without duplicates, one answer for group and subscription, an empty group, an unknown group", async () => {
  for (let n = 0; n < 5; n++) await fresh();
  const collection = "providers/Microsoft.ContainerService/managedClusters";
  const all = await surface.ask({ path: `/subscriptions/${ids.subscriptionId}/${collection}?${V}` });
  const seen: string[] = [];
  for (let next: string | undefined = `${GROUP.toUpperCase()}/${collection}?${V}&$top=2`; next !== undefined;) {
    const page: Reply = await surface.ask({ path: next });
    assert.ok(page.body.value.length <= 2);
    assert.notEqual(page.body.nextLink, "");
    seen.push(...page.body.value.map((cluster: { id: string }) => cluster.id));
    next = page.body.nextLink?.slice(surface.base.length).replace("%24skipToken", "$skipToken");
  }
  assert.deepEqual(
    seen,
    all.body.value.map((cluster: { id: string }) => cluster.id),
  );
  assert.equal(new Set(seen).size, seen.length);
  const empty = await surface.ask({ path: `/subscriptions/${ids.subscriptionId}/resourceGroups/empty/${collection}?${V}` });
  assert.deepEqual([empty.status, empty.body], [200, { value: [] }]);
});

test("an operation is shown to its tenant only, under its own subscription and location", async () => {
  const { path } = await fresh();
  const accepted = await put(path, acns("BpfVeth"));
  const mine = statusPath(accepted);
  for (const [ask, code] of [
    [{ path: mine, token: { tid: ids.otherTenantId } }, "SubscriptionNotFound"],
    [{ path: mine.replace("westeurope", "eastus") }, "OperationNotFound"],
    [{ path: mine.replace(/[0-9a-f]{12}\?/, "000000000000?") }, "OperationNotFound"],
    [{ path: mine.replace(/operations\/[^?]+/, "operations/1") }, "OperationNotFound"],
  ] as const) {
    const reply = await surface.ask(ask);
    assert.deepEqual([reply.status, reply.body.error.code], [404, code]);
  }
});
