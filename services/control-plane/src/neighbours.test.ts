/** What ARM itself answers beside our resources: resource groups, locations, providers, features; each row is a request and what comes of it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CLUSTER_API_VERSIONS, newestStable } from "./arm/resource-types.ts";
import { CLUSTER, VERSION } from "./testing/bad-requests.ts";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Ask, type Reply, type TestSurface } from "./testing/test-surface.ts";

const S = `/subscriptions/${ids.subscriptionId}`;
const V = "api-version=2024-11-01";

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one")]);
});
after(() => surface.close());

const ask = (method: string, path: string, body?: unknown): Promise<Reply> => {
  const [plain = "", query = V] = path.split("?");
  return surface.ask({ method, path: `${plain}?${query}`, ...(body !== undefined && { body }) } satisfies Ask);
};
const group = (name: string): string => `${S}/resourcegroups/${name}`;
const names = (reply: Reply): readonly string[] => reply.body.value.map((one: { name: string }) => one.name);

test("a resource group from its making to its removal", async () => {
  const made = await ask("PUT", group("New.Group_(1)"), { location: "East US", tags: { env: "test" } });
  assert.deepEqual([made.status, made.body.name, made.body.location, made.body.tags], [201, "New.Group_(1)", "East US", { env: "test" }]);
  assert.deepEqual([made.body.type, made.body.properties.provisioningState], ["Microsoft.Resources/resourceGroups", "Succeeded"]);
  const again = await ask("PUT", group("NEW.group_(1)"), { location: "eastus", managedBy: "/somebody" });
  assert.deepEqual([again.status, again.body.name, again.body.location, again.body.tags], [200, "New.Group_(1)", "East US", {}]);
  const patched = await ask("PATCH", group("new.group_(1)"), { tags: { a: "b" } });
  assert.deepEqual([patched.status, patched.body.tags, patched.body.managedBy], [200, { a: "b" }, "/somebody"]);
  const [got, head] = [await ask("GET", group("new.group_(1)")), await ask("HEAD", group("new.group_(1)"))];
  assert.deepEqual([got.body, head.status, head.text], [patched.body, 204, ""]);
  assert.equal(head.headers["content-type"], undefined);
  const removed = await ask("DELETE", group("new.group_(1)"));
  assert.deepEqual([removed.status, removed.text], [202, ""]);
  assert.ok(Number(removed.headers["retry-after"]) >= 1);
  const place = new URL(String(removed.headers["location"]));
  assert.ok(place.href.startsWith(surface.base));
  assert.equal((await surface.ask({ path: `${place.pathname}${place.search}` })).status, 200);
  assert.deepEqual([(await ask("GET", group("new.group_(1)"))).status, (await ask("HEAD", group("new.group_(1)"))).status], [404, 404]);
});

test("groups are listed by page and by tag", async () => {
  for (const name of ["p1", "p2", "p3"]) await ask("PUT", group(name), { location: "local", tags: { Page: name, "o'clock": "1" } });
  const seen: string[] = [];
  for (let url: string | undefined = `${S}/resourcegroups?${V}&$top=2`; url !== undefined;) {
    const reply: Reply = await surface.ask({ path: url });
    seen.push(...names(reply));
    url = reply.body.nextLink?.replace(surface.base, "");
  }
  assert.deepEqual(seen, ["empty", "Lab", "p1", "p2", "p3"]);
  const tagged = (filter: string): Promise<Reply> => ask("GET", `${S}/resourcegroups?${V}&$filter=${encodeURIComponent(filter)}`);
  assert.deepEqual(names(await tagged("tagName eq 'page' and tagValue eq 'p2'")), ["p2"]);
  assert.deepEqual(names(await tagged("tagName eq 'o''clock'")), ["p1", "p2", "p3"]);
  assert.equal((await tagged("name eq 'p1'")).body.error.code, "InvalidFilterInQueryString");
});

const refused: readonly (readonly [name: string, method: string, path: string, body: unknown, code: string])[] = [
  ["a group without a location", "PUT", group("g"), { tags: {} }, "LocationRequired"],
  ["a group that would move", "PUT", group("lab"), { location: "eastus" }, "InvalidResourceGroupLocation"],
  ["a location that is no text", "PUT", group("g"), { location: 7 }, "InvalidRequestContent"],
  ["tags that are no texts", "PUT", group("g"), { location: "local", tags: { a: 1 } }, "InvalidRequestContent"],
  ["a tag name with <", "PATCH", group("lab"), { tags: { "<": "" } }, "InvalidTagNameCharacters"],
  ["two faults", "PUT", group("g"), { location: 7, tags: [] }, "MultipleErrorsOccurred"],
  ["a body that is an array", "PUT", group("g"), [], "InvalidRequestContent"],
  ["no body", "PATCH", group("lab"), undefined, "InvalidRequestContent"],
  ["a name that ends in a point", "PUT", group("g."), { location: "local" }, "InvalidResourceGroup"],
  ["a change of nothing", "PATCH", group("nowhere"), { tags: {} }, "ResourceGroupNotFound"],
  ["a removal of nothing", "DELETE", group("nowhere"), undefined, "ResourceGroupNotFound"],
  ["a result of nothing", "GET", `${S}/operationresults/!!`, undefined, "OperationNotFound"],
  ["a result of a group's name", "GET", `${S}/operationresults/bGFi`, undefined, "OperationNotFound"],
  ["an unknown provider", "GET", `${S}/providers/Microsoft.Nothing`, undefined, "InvalidResourceNamespace"],
  ["an unknown provider of no subscription", "GET", "/providers/Microsoft.Nothing", undefined, "InvalidResourceNamespace"],
  [
    "features of an unknown provider",
    "GET",
    `${S}/providers/Microsoft.Features/providers/Microsoft.Nothing/features?api-version=2021-07-01`,
    undefined,
    "InvalidResourceNamespace",
  ],
  [
    "an unknown feature",
    "POST",
    `${S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/x/register?api-version=2021-07-01`,
    undefined,
    "FeatureNotFound",
  ],
  ["another method", "POST", group("lab"), {}, "MethodNotAllowed"],
];
for (const [name, method, path, body, code] of refused)
  test(`refused: ${name}`, async () => {
    const reply = await ask(method, path, body);
    assert.deepEqual([reply.body.error?.code, reply.headers["x-ms-error-code"]], [code, code], reply.text);
    assert.ok(reply.status >= 400 && reply.status < 500);
  });

test("a foreign tenant sees no group", async () => {
  assert.equal((await surface.ask({ path: `${CLUSTER}?${VERSION}` })).status, 200);
  for (const method of ["GET", "PUT", "DELETE"]) {
    const reply = await surface.ask({
      method,
      path: `${group("p1")}?${V}`,
      body: method === "PUT" ? { location: "local" } : undefined,
      token: { tid: ids.otherTenantId },
    });
    assert.deepEqual([reply.status, reply.body.error.code], [404, "SubscriptionNotFound"]);
  }
});

test("twenty at once make a group once", async () => {
  const replies = await Promise.all(Array.from({ length: 20 }, () => ask("PUT", group("raced"), { location: "local" })));
  assert.deepEqual(
    replies.map(({ status }) => status).filter((status) => status !== 200),
    [201],
  );
});

test("locations are those of the installation and of what is in the subscription, each once", async () => {
  const { body } = await ask("GET", `${S}/locations?api-version=2022-12-01`);
  const found = body.value.map((one: { name: string }) => one.name);
  assert.equal(new Set(found).size, found.length);
  for (const name of ["test", "westeurope", "local"]) assert.ok(found.includes(name), name);
  assert.equal(body.value[0].id, `${S}/locations/test`);
});

test("a provider has its types with versions newest first, of which the first stable is the newest", async () => {
  const { body } = await ask("GET", `${S}/providers/microsoft.containerservice`);
  const clusters = body.resourceTypes.find((one: { resourceType: string }) => one.resourceType === "managedClusters");
  assert.deepEqual([body.namespace, body.registrationState], ["Microsoft.ContainerService", "Registered"]);
  assert.deepEqual(clusters.apiVersions, CLUSTER_API_VERSIONS);
  assert.equal(clusters.defaultApiVersion, newestStable([...CLUSTER_API_VERSIONS].toSorted().toReversed()));
  assert.ok(clusters.locations.includes("westeurope"));
  for (const verb of ["register", "unregister"])
    assert.deepEqual((await ask("POST", `${S}/providers/Microsoft.ContainerService/${verb}`)).body, body);
  const all = (await ask("GET", `${S}/providers`)).body.value;
  assert.deepEqual(
    all.map((one: { namespace: string }) => one.namespace),
    ["Microsoft.Authorization", "Microsoft.ContainerService", "Microsoft.Features", "Microsoft.Resources"],
  );
  assert.equal((await ask("GET", "/providers/Microsoft.Resources")).body.id, "/providers/Microsoft.Resources");
  assert.equal((await ask("GET", "/providers")).body.value.length, all.length);
});

test("a feature is registered and unregistered, by subscription", async () => {
  const features = `${S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features`;
  const one = `${features}/advancednetworkingPERFORMANCEpreview`;
  const F = "api-version=2021-07-01";
  const state = async (): Promise<unknown> => (await ask("GET", `${one}?${F}`)).body.properties.state;
  assert.equal(await state(), "NotRegistered");
  const registered = await ask("POST", `${one}/register?${F}`);
  assert.deepEqual([registered.status, registered.body.name], [200, "Microsoft.ContainerService/AdvancedNetworkingPerformancePreview"]);
  assert.equal(await state(), "Registered");
  assert.deepEqual((await ask("GET", `${features}?${F}`)).body, (await ask("GET", `${S}/providers/Microsoft.Features/features?${F}`)).body);
  await ask("POST", `${one}/unregister?${F}`);
  assert.equal(await state(), "NotRegistered");
});

test("a person's tenant has the domain of their name", async () => {
  const reply = await surface.ask({ path: "/tenants?api-version=2022-12-01", token: { idtyp: "user", upn: "ada@contoso.test" } });
  const [tenant] = reply.body.value;
  assert.deepEqual(
    [tenant.tenantId, tenant.defaultDomain, tenant.tenantCategory, tenant.countryCode],
    [ids.tenantId, "contoso.test", "Home", "ZZ"],
  );
});
