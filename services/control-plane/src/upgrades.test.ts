/** What clients ask about versions, and actions of AKS that nobody here can do; each row is a request and what comes of it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const S = `/subscriptions/${ids.subscriptionId}`;
const CLUSTER = `${S}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/one`;
const VERSIONS = `${S}/providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions`;

let making: TestSurface;
let registering: TestSurface;
before(async () => {
  making = await startTestSurface({ providers: ["lab"] });
  registering = await startTestSurface();
  await register(making.store, [makeCluster("one")]);
  await register(registering.store, []);
});
after(async () => {
  await making.close();
  await registering.close();
});

const ask = (method: string, path: string, body?: unknown): Promise<Reply> =>
  making.ask({ method, path: `${path}?api-version=2026-04-01`, ...(body !== undefined && { body }) });

test("clusters can be made with what the provider makes, and with nothing where there is none", async () => {
  const made = { version: "1.36", isDefault: true, isPreview: false, capabilities: { supportPlan: ["KubernetesOfficial"] } };
  assert.deepEqual((await ask("GET", VERSIONS)).body, { values: [{ ...made, patchVersions: { "1.36.3": { upgrades: [] } } }] });
  assert.deepEqual((await registering.ask({ path: `${VERSIONS}?api-version=2026-04-01` })).body, { values: [] });
});

test("every version that is offered is taken by a PUT, and a patch that is not offered is refused at once", async () => {
  const { values } = (await ask("GET", VERSIONS)).body as { values: { version: string; patchVersions: object }[] };
  const offered = values.flatMap(({ version, patchVersions }) => [version, ...Object.keys(patchVersions)]);
  const put = (name: string, kubernetesVersion: string): Promise<Reply> => {
    const properties = { kubernetesVersion, agentPoolProfiles: [{ name: "np1", count: 1, mode: "System" }] };
    return ask("PUT", CLUSTER.replace(/one$/, name), { location: "westeurope", properties });
  };
  for (const [at, version] of offered.entries()) assert.equal((await put(`offered-${at}`, version)).status, 201, version);
  const refused = await put("other", "1.36.1");
  assert.deepEqual([refused.status, refused.body.error.code], [400, "K8sVersionNotSupported"]);
  assert.match(refused.body.error.message, /made with 1\.36 or 1\.36\.3/);
});

test("a cluster and a pool show what they run, and no upgrade", async () => {
  const cluster = (await ask("GET", `${CLUSTER}/upgradeProfiles/default`)).body;
  assert.deepEqual([cluster.id, cluster.name], [`${CLUSTER}/upgradeProfiles/default`, "default"]);
  const pool = { kubernetesVersion: "1.36", osType: "Linux", upgrades: [] };
  assert.deepEqual(cluster.properties, {
    controlPlaneProfile: { kubernetesVersion: "1.36.3", osType: "Linux", upgrades: [] },
    agentPoolProfiles: [
      { name: "system", ...pool },
      { name: "user", ...pool },
    ],
  });
  assert.deepEqual((await ask("GET", `${CLUSTER}/agentPools/USER/upgradeProfiles/default`)).body.properties, pool);
});

test("a new pool has the cluster's version; where nobody makes pools there is none to be had", async () => {
  const made = CLUSTER.replace(/one$/, "pooled");
  const properties = { agentPoolProfiles: [{ name: "np1", count: 1, mode: "System" }] };
  assert.equal((await ask("PUT", made, { location: "westeurope", properties })).status, 201);
  const { body } = await ask("GET", `${made}/availableAgentPoolVersions`);
  assert.equal(body.id, `${made}/availableAgentPoolVersions`);
  assert.deepEqual(body.properties, { agentPoolVersions: [{ default: true, kubernetesVersion: "1.36", isPreview: false }] });
  assert.deepEqual((await ask("GET", `${CLUSTER}/availableAgentPoolVersions`)).body.properties, { agentPoolVersions: [] });
});

test("another version is refused by the PUT too, as no upgrade was offered", async () => {
  const { body } = await ask("GET", CLUSTER);
  const refused = await ask("PUT", CLUSTER, { ...body, properties: { ...body.properties, kubernetesVersion: "1.37" } });
  assert.deepEqual([refused.status, refused.body.error.code], [400, "PropertyChangeNotAllowed"]);
});

const missing: readonly (readonly [method: string, path: string])[] = [
  ["GET", `${CLUSTER.replace(/one$/, "none")}/upgradeProfiles/default`],
  ["GET", `${CLUSTER}/agentPools/none/upgradeProfiles/default`],
  ["POST", `${CLUSTER.replace(/one$/, "none")}/stop`],
  ["POST", `${CLUSTER}/agentPools/none/upgradeNodeImageVersion`],
  ["GET", `${CLUSTER.replace(/one$/, "none")}/availableAgentPoolVersions`],
];
for (const [method, path] of missing)
  test(`${method} ${path.slice(S.length)}: what is not there is 404`, async () => {
    const reply = await ask(method, path);
    assert.deepEqual([reply.status, reply.body.error.code], [404, "ResourceNotFound"]);
  });

const unavailable: readonly (readonly [path: string, instead: RegExp])[] = [
  ["/stop", /'one' goes on running\. Delete it, or scale its pools down/],
  ["/start", /neither stopped nor started here/],
  ["/runCommand", /kubectl/],
  ["/rotateClusterCertificates", /Renew them where the cluster was made/],
  ["/agentPools/user/upgradeNodeImageVersion", /Add a new pool/],
  ["/agentPools/user/deleteMachines", /Scale the pool down/],
];
for (const [path, instead] of unavailable)
  test(`POST ${path} is refused with what to do instead`, async () => {
    const reply = await ask("POST", `${CLUSTER}${path}`, {});
    assert.deepEqual([reply.status, reply.body.error.code], [400, "OperationNotSupported"]);
    assert.match(reply.body.error.message, instead);
  });

test("a pool is not stopped, and says so; one that was stopped elsewhere is written back as it was read", async () => {
  const pool = `${CLUSTER}/agentPools/user`;
  const { properties } = (await ask("GET", pool)).body;
  const stopped = await ask("PUT", pool, { properties: { ...properties, powerState: { code: "Stopped" } } });
  assert.deepEqual([stopped.status, stopped.body.error.code], [400, "OperationNotSupported"]);
  assert.match(stopped.body.error.message, /'user' stays as it is\. Scale it down/);
  const running = await ask("PUT", pool, { properties: { ...properties, powerState: { code: "Running" } } });
  assert.equal(running.status, 200);

  const cluster = makeCluster("elsewhere");
  const pools = cluster.properties["agentPoolProfiles"] as readonly object[];
  const agentPoolProfiles = pools.map((one) => ({ ...one, powerState: { code: "Stopped" } }));
  await making.store.clusters.register({ ...cluster, properties: { ...cluster.properties, agentPoolProfiles } }, {});
  const there = pool.replace("/one/", "/elsewhere/");
  const { body } = await ask("GET", there);
  assert.deepEqual([body.properties.powerState.code, (await ask("PUT", there, body)).status], ["Stopped", 200]);
});
