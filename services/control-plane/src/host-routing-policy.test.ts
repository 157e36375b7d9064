import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { deploy, followDeployment, spliced } from "./testing/test-deployment.ts";
import { startTestSurface, type Ask, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const HOST_ROUTINGS = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/one/hostRoutings`;
const DEFAULT = `${HOST_ROUTINGS}/default`;
const cluster = makeCluster("one");

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [cluster]);
});
after(() => surface.close());

const get = (): Promise<Reply> => surface.ask({ path: `${DEFAULT}?${V}` });
const write = (method: string, body: unknown, more: Partial<Ask> = {}): Promise<Reply> =>
  surface.ask({ method, path: `${DEFAULT}?${V}`, body, ...more });
const putPolicy = (rolloutPolicy: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  write("PUT", { properties: { rolloutPolicy } }, { headers });
const own = async (): Promise<unknown> => (await surface.store.clusters.status(cluster.id)).rolloutPolicy;
const changes = async (): Promise<number> =>
  (await surface.store.clusters.history(cluster.id, { afterSeq: 0, limit: 100 })).filter(({ kind }) => kind === "RolloutPolicyChanged")
    .length;
const targets = ({ body }: Reply): readonly (string | undefined)[] =>
  (body.error.details ?? [body.error]).map((one: { target?: string }) => one.target);

test("PUT replaces the policy: what it does not name is the default again", async () => {
  const first = await putPolicy({ confirmSeconds: 30, verifyCount: 3 });
  assert.deepEqual([first.status, first.body.properties.provisioningState], [200, "Succeeded"]);
  assert.deepEqual(await own(), { confirmSeconds: 30, verifyCount: 3 });
  assert.equal((await putPolicy({ confirmSeconds: 31 })).body.properties.rolloutPolicy.verifyCount, 2);
  assert.deepEqual(await own(), { confirmSeconds: 31 });
  assert.equal((await write("PUT", {})).status, 200);
  assert.deepEqual(await own(), {});
});

test("what GET answers can be PUT as it is, and changes nothing; with one member changed, that one", async () => {
  await putPolicy({ confirmSeconds: 30 });
  const { body } = await get();
  const before = await changes();
  const echo = await write("PUT", body);
  assert.deepEqual([echo.status, echo.body.etag, await own(), await changes()], [200, body.etag, { confirmSeconds: 30 }, before]);
  const changed = { ...body, properties: { ...body.properties, rolloutPolicy: { ...body.properties.rolloutPolicy, maxUnavailable: 2 } } };
  assert.equal((await write("PUT", changed)).status, 200);
  assert.deepEqual([await own(), await changes()], [{ confirmSeconds: 30, maxUnavailable: 2 }, before + 1]);
});

test("the etag is the policy's: it goes with it, and conditions are held to it", async () => {
  await putPolicy({});
  const { body, headers } = await get();
  assert.equal(headers["etag"], `"${body.etag}"`);
  const next = await putPolicy({ confirmSeconds: 40 }, { "if-match": `"${body.etag}"` });
  assert.equal(next.status, 200);
  assert.notEqual(next.body.etag, body.etag);
  assert.equal(next.headers["etag"], `"${next.body.etag}"`);
  for (const method of ["PUT", "PATCH"]) {
    const stale = await write(method, { properties: { rolloutPolicy: { confirmSeconds: 50 } } }, { headers: { "if-match": body.etag } });
    assert.deepEqual([stale.status, stale.body.error.code], [412, "PreconditionFailed"], method);
  }
  assert.equal((await putPolicy({}, { "if-none-match": "*" })).status, 412, "it exists with its cluster");
  assert.deepEqual(await own(), { confirmSeconds: 40 });
});

test("members that nobody knows are refused by name, all at once, and nothing changes", async () => {
  await putPolicy({ confirmSeconds: 41 });
  const body = { tags: {}, name: "other", properties: { desiredMode: "None", mode: "None", rolloutPolicy: { verifyCount: 9 } } };
  for (const method of ["PUT", "PATCH"]) {
    const refused = await write(method, body);
    assert.deepEqual([refused.status, targets(refused)], [400, ["tags", "name", "properties.mode"]], method);
  }
  assert.deepEqual(
    targets(await putPolicy({ hope: 1, confirmSeconds: 0 })),
    ["hope", "confirmSeconds"].map((one) => `properties.rolloutPolicy.${one}`),
  );
  assert.deepEqual(targets(await putPolicy(7)), ["properties.rolloutPolicy"]);
  assert.deepEqual(targets(await write("PUT", { properties: [] })), ["properties"]);
  assert.equal((await write("PUT", undefined)).body.error.code, "InvalidRequestContent");
  assert.deepEqual(await own(), { confirmSeconds: 41 });
});

test("there is no other than default, and none without its cluster", async () => {
  const other = (method: string): Promise<Reply> =>
    surface.ask({ method, path: `${HOST_ROUTINGS}/second?${V}`, ...(method !== "GET" && { body: {} }) });
  assert.deepEqual([(await other("PUT")).status, (await other("PATCH")).status, (await other("GET")).status], [400, 404, 404]);
  assert.equal((await other("PUT")).body.error.code, "InvalidResourceName");
  assert.equal((await surface.ask({ path: `${HOST_ROUTINGS.toUpperCase()}/DEFAULT?${V}` })).body.name, "default");
  const nobody = await surface.ask({ method: "PUT", path: `${DEFAULT.replace("/one/", "/nobody/")}?${V}`, body: {} });
  assert.deepEqual([nobody.status, nobody.body.error.code], [404, "ResourceNotFound"]);
});

test("a template sets the policy: the sample of infra/azure deploys, again without a change, and a fault is told with its place", async () => {
  await putPolicy({ confirmSeconds: 42 });
  const sample = readFileSync(new URL("../../../infra/azure/rollout-policy.json", import.meta.url), "utf8");
  const run = async (name: string, template: string, maxUnavailable: number): Promise<Reply> =>
    followDeployment(surface, await deploy(surface, name, spliced(template, { clusterName: "one", maxUnavailable })));
  const ended = await run("policy", sample, 3);
  assert.equal(ended.body.properties.provisioningState, "Succeeded");
  assert.deepEqual(ended.body.properties.outputs.hostRoutingId.value, DEFAULT);
  assert.deepEqual(await own(), { maxUnavailable: 3 }, "onFailure is the default already, and confirmSeconds was not named");
  const before = await changes();
  assert.equal((await run("policy", sample, 3)).body.properties.provisioningState, "Succeeded");
  assert.equal(await changes(), before);
  const faulty = await run("faulty", sample.replace('"Pause"', '"Hope"'), 3);
  assert.equal(faulty.body.properties.provisioningState, "Failed");
  assert.match(JSON.stringify(faulty.body.properties.error), /onFailure must be one of/);
});
