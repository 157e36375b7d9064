/** Pools as resources of their own, over HTTP, with the provider played by the test. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { playProvider, type PlayedProvider } from "./testing/play-provider.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const CLUSTERS = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters`;

let surface: TestSurface;
let provider: PlayedProvider;

before(async () => {
  surface = await startTestSurface({ providers: ["lab"] });
  await register(surface.store, [makeCluster("adopted")]);
  provider = playProvider(surface.store);
  const properties = { agentPoolProfiles: [{ name: "np1", count: 1, mode: "System" }], networkProfile: { networkDataplane: "cilium" } };
  const made = await surface.ask({ method: "PUT", path: at(""), body: { location: "westeurope", properties } });
  assert.equal(made.status, 201, made.text);
  await provider.say();
});
after(() => surface.close());

const at = (more: string, cluster = "made"): string => `${CLUSTERS}/${cluster}${more}?api-version=2026-04-01`;
const get = async (more = "") => (await surface.ask({ path: at(more) })).body;
const put = (pool: string, properties: object, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  surface.ask({ method: "PUT", path: at(`/agentPools/${pool}`), body: { properties }, headers });
const statusOf = async ({ headers }: Reply) =>
  (await surface.ask({ path: String(headers["azure-asyncoperation"]).replace(surface.base, "") })).body.status;

test("a pool is scaled: 200 and an operation, its own etag changes and no other", async () => {
  const [cluster, before] = [await get(), await get("/agentPools/np1")];
  assert.equal(before.properties.eTag, cluster.eTag, "it was never written alone");
  const scaled = await put("NP1", { ...before.properties, count: 2 }, { "if-match": `"${before.properties.eTag}"` });
  assert.deepEqual([scaled.status, scaled.body.properties.count, scaled.body.properties.provisioningState], [200, 2, "Updating"]);
  assert.equal((await put("np1", { count: 3 })).body.error.code, "OperationNotAllowed", "the first one is still under way");
  const claim = await provider.claim();
  assert.deepEqual((claim.cluster.properties["agentPoolProfiles"] as { count: number }[])[0]?.count, 2);
  assert.equal(await surface.store.provisioning.record(claim, { kind: "Done", facts: provider.facts }), "Recorded");
  assert.equal(await statusOf(scaled), "Succeeded");
  const [after, pool] = [await get(), await get("/agentPools/np1")];
  assert.deepEqual(
    [after.eTag, after.properties.provisioningState, pool.properties.eTag === before.properties.eTag],
    [cluster.eTag, "Succeeded", false],
  );
  assert.equal((await put("np1", { count: 3 }, { "if-match": before.properties.eTag })).status, 412);
  const same = await put("np1", pool.properties);
  assert.deepEqual([same.status, same.headers["azure-asyncoperation"], same.body.properties.eTag], [200, undefined, pool.properties.eTag]);
  await surface.ask({ method: "PATCH", path: at(""), body: { tags: { a: "b" } } });
  const touched = await get("/agentPools/np1");
  assert.deepEqual(
    [touched.properties.eTag, touched.properties.count],
    [(await get()).eTag, 2],
    "a write of the cluster changes all of them",
  );
});

test("a pool is added with labels and taints, listed, and removed", async () => {
  const added = await put(
    "extra",
    { count: 1, mode: "User", nodeLabels: { team: "net" }, nodeTaints: ["a=b:NoSchedule"] },
    { "if-none-match": "*" },
  );
  assert.deepEqual(
    [added.status, added.body.name, added.body.type, added.body.properties.osSKU],
    [201, "extra", "Microsoft.ContainerService/managedClusters/agentPools", "Ubuntu"],
  );
  await provider.say();
  const listed = await get("/agentPools");
  assert.deepEqual(
    listed.value.map(({ name, properties }: { name: string; properties: { nodeLabels?: object } }) => [name, properties.nodeLabels]),
    [
      ["np1", undefined],
      ["extra", { team: "net" }],
    ],
  );
  const removed = await surface.ask({ method: "DELETE", path: at("/agentPools/extra") });
  assert.deepEqual([removed.status, removed.text], [202, ""]);
  assert.equal(await statusOf(removed), "InProgress");
  await provider.say();
  assert.equal((await surface.ask({ path: String(removed.headers["location"]).replace(surface.base, "") })).status, 204);
  assert.equal((await surface.ask({ path: at("/agentPools/extra") })).body.error.code, "ResourceNotFound");
  assert.equal((await surface.ask({ method: "DELETE", path: at("/agentPools/extra") })).status, 204);
});

for (const [what, pool, properties, status, code] of [
  ["a count that is none", "np1", { count: -1 }, 400, "InvalidParameter"],
  ["no node of mode System", "np1", { count: 0 }, 400, "InvalidParameter"],
  ["a count of the wrong type", "np1", { count: "two" }, 400, "InvalidRequestContent"],
  ["a name that no pool can have", "Not-One", { count: 1 }, 400, "InvalidParameter"],
  ["another machine", "np1", { vmSize: "Standard_D64s_v5" }, 400, "PropertyChangeNotAllowed"],
  ["the last System pool as another", "np1", { mode: "User" }, 400, "InvalidParameter"],
] as const)
  test(`${what} is refused`, async () => {
    const reply = await put(pool, properties);
    assert.deepEqual([reply.status, reply.body.error.code], [status, code], reply.text);
  });

test("the last pool of mode System stays; pools of a cluster that was registered are its maker's; of an unknown one there are none", async () => {
  const last = await surface.ask({ method: "DELETE", path: at("/agentPools/np1") });
  assert.deepEqual([last.status, last.body.error.subcode], [400, "LastSystemAgentPool"]);
  const path = at("/agentPools/user", "adopted");
  const foreign = [
    await surface.ask({ method: "DELETE", path }),
    await surface.ask({ method: "PUT", path, body: { properties: { count: 9 } } }),
  ];
  assert.deepEqual(
    foreign.map(({ body }) => body.error.code),
    ["PropertyChangeNotAllowed", "PropertyChangeNotAllowed"],
  );
  const unknown = await surface.ask({ method: "PUT", path: at("/agentPools/user", "nobody"), body: { properties: { count: 9 } } });
  assert.equal(unknown.body.error.code, "ResourceNotFound");
});
