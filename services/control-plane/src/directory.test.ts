import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2022-12-01";
let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one")]);
  const other = { id: "99999999-9999-4999-8999-999999999999", tenantId: ids.otherTenantId, displayName: "Foreign", state: "Registered" };
  await surface.store.directory.registerSubscription(other);
});
after(() => surface.close());

test("probes and the description of the cloud need no token and no version", async () => {
  for (const path of ["/healthz", "/readyz", "/metadata/endpoints"])
    assert.equal((await surface.ask({ path, token: null })).status, 200, path);
  const { body } = await surface.ask({ path: "//metadata/endpoints?api-version=2022-09-01", token: null });
  assert.deepEqual([body.resourceManager, body.authentication.loginEndpoint], [surface.base, surface.base]);
  assert.equal(body.microsoftGraphResourceId, `${surface.base}/`, "az lists and deletes role assignments only where it is said");
  assert.ok(Array.isArray((await surface.ask({ path: "/metadata/endpoints?api-version=2019-05-01", token: null })).body));
});

test("a tenant sees itself and its own subscriptions only", async () => {
  const tenants = await surface.ask({ path: `/tenants?${V}` });
  assert.deepEqual(
    tenants.body.value.map((one: { tenantId: string }) => one.tenantId),
    [ids.tenantId],
  );
  const { body } = await surface.ask({ path: `/subscriptions?${V}` });
  assert.deepEqual(
    body.value.map((one: { subscriptionId: string; state: string }) => [one.subscriptionId, one.state]),
    [[ids.subscriptionId, "Enabled"]],
  );
  assert.equal((await surface.ask({ path: `/subscriptions/${ids.subscriptionId}?${V}` })).body.tenantId, ids.tenantId);
});

test("a suspended subscription can be read and not written", async () => {
  const state = (value: string): Promise<void> =>
    surface.store.directory.registerSubscription({ id: ids.subscriptionId, tenantId: ids.tenantId, displayName: "Tests", state: value });
  const path = `/subscriptions/${ids.subscriptionId}/resourceGroups/lab/providers/Microsoft.ContainerService/managedClusters/one?api-version=2026-04-01`;
  await state("Suspended");
  const refused = await surface.ask({ method: "PUT", path, body: { tags: {} } });
  assert.deepEqual([refused.status, refused.body.error.code, (await surface.ask({ path })).status], [409, "InvalidSubscriptionState", 200]);
  await state("Registered");
  assert.equal((await surface.ask({ method: "PUT", path, body: { tags: {} } })).status, 200);
});

test("every reply names request and correlation; a client's own id comes back only when asked for", async () => {
  const path = "/healthz";
  const plain = await surface.ask({ path, headers: { "x-ms-client-request-id": "mine", "x-ms-correlation-request-id": "corr" } });
  assert.deepEqual([plain.headers["x-ms-correlation-request-id"], plain.headers["x-ms-client-request-id"]], ["corr", undefined]);
  assert.match(String(plain.headers["x-ms-request-id"]), /^[0-9a-f-]{36}$/);
  const echoed = await surface.ask({ path, headers: { "x-ms-client-request-id": "mine", "x-ms-return-client-request-id": "True" } });
  assert.equal(echoed.headers["x-ms-client-request-id"], "mine");
});
