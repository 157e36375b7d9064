/** The same cluster through every api-version: what one writes, all others read; what one lacks, it neither shows nor takes away. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CLUSTER_API_VERSIONS } from "./arm/resource-types.ts";
import { CLUSTER, CLUSTERS, acns, fast } from "./testing/bad-requests.ts";
import { makeCluster, moveOperation, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const NEW = "2026-07-01";
const OLD = "2025-10-01";

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one")]);
});
after(() => surface.close());

const read = (version: string): Promise<Reply> => surface.ask({ path: `${CLUSTER}?api-version=${version}` });
const write = (version: string, body: unknown): Promise<Reply> =>
  surface.ask({ method: "PUT", path: `${CLUSTER}?api-version=${version}`, body });
const networkingOf = (reply: Reply) => reply.body.properties.networkProfile.advancedNetworking;
const modeOf = (reply: Reply): unknown => networkingOf(reply).performance?.accelerationMode;

/** Asks for a mode and lets the operation succeed. */
async function settle(body: unknown, version = NEW): Promise<void> {
  const reply = await write(version, body);
  assert.equal(reply.status, 200, reply.text);
  if (reply.headers["azure-asyncoperation"] !== undefined) await moveOperation(surface.store, makeCluster("one").id, "Succeeded");
}

for (const version of CLUSTER_API_VERSIONS)
  test(`${version} reads what others wrote, alone and in lists, with the same etag`, async () => {
    await settle(fast);
    const [newest, here] = [await read(NEW), await read(version)];
    assert.deepEqual([here.status, here.body.eTag, here.body.id], [200, newest.body.eTag, newest.body.id]);
    assert.deepEqual(networkingOf(here).observability, networkingOf(newest).observability);
    assert.equal(modeOf(here), version === OLD ? undefined : "BpfVeth");
    assert.equal("performance" in networkingOf(here), version !== OLD);
    const { body } = await surface.ask({ path: `${CLUSTERS}?api-version=${version}` });
    assert.deepEqual(body.value[0], here.body);
  });

for (const version of CLUSTER_API_VERSIONS)
  test(`${version} hands back what it read, and nothing changes`, async () => {
    await settle(fast);
    const before = await read(NEW);
    const reply = await write(version, (await read(version)).body);
    assert.deepEqual([reply.status, reply.headers["azure-asyncoperation"]], [200, undefined], reply.text);
    assert.deepEqual((await read(NEW)).body, before.body);
  });

const kept: readonly (readonly [name: string, body: object])[] = [
  ["no advancedNetworking", { tags: { by: "old" } }],
  ["advancedNetworking without performance", acns({ enabled: true, security: { enabled: false } })],
  ["a performance of its own", acns({ enabled: true, performance: { accelerationMode: "None" } })],
  ["a performance that no version has", acns({ enabled: true, performance: 7 })],
];
for (const [name, body] of kept)
  test(`${OLD} keeps the stored mode: ${name}`, async () => {
    await settle(fast);
    const reply = await write(OLD, body);
    assert.deepEqual([reply.status, reply.headers["azure-asyncoperation"]], [200, undefined], reply.text);
    assert.equal(modeOf(await read(NEW)), "BpfVeth");
  });

test(`${OLD} turns the whole feature off, and acceleration with it`, async () => {
  await settle(fast);
  await settle(acns({ enabled: false }), OLD);
  assert.deepEqual([networkingOf(await read(NEW)).enabled, modeOf(await read(NEW))], [false, "None"]);
});

test("a status URL carries the version of the request that it answers", async () => {
  await settle(acns({ enabled: true }));
  for (const version of [NEW, "2026-04-02-PREVIEW"]) {
    const reply = await write(version, version === NEW ? fast : acns({ enabled: true }));
    const status = new URL(String(reply.headers["azure-asyncoperation"]));
    assert.equal(status.searchParams.get("api-version"), version);
    assert.equal((await surface.ask({ path: `${status.pathname}${status.search}` })).body.status, "InProgress");
  }
  await moveOperation(surface.store, makeCluster("one").id, "Succeeded");
});
