/** The real clients, unmodified, against the real processes: credential, authority, control plane, database. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { ContainerServiceClient, type ManagedCluster } from "@azure/arm-containerservice";
import type { Store } from "@hostrouting/store";
import { startClientStage, type ClientStage } from "./testing/test-clients.ts";
import { ids, makeCluster, moveOperation } from "./testing/test-cluster.ts";
import { credentialOf, type TestInstallation } from "./testing/test-installation.ts";

let store: Store;
let installation: TestInstallation;
let stage: ClientStage;

before(async () => {
  stage = await startClientStage(["sdk", "failing", "canceled", "aborted"]);
  ({ store, installation } = stage);
});

after(() => stage?.close());

function client(secret = installation.clientSecret): ContainerServiceClient {
  return new ContainerServiceClient(credentialOf(installation, secret), ids.subscriptionId, { endpoint: installation.base });
}

const enable = (cluster: ManagedCluster): ManagedCluster => ({
  ...cluster,
  networkProfile: {
    ...cluster.networkProfile,
    advancedNetworking: { ...cluster.networkProfile?.advancedNetworking, performance: { accelerationMode: "BpfVeth" } },
  },
});

test("get, createOrUpdate, poll to the end, and the list, with the SDK for JavaScript", async () => {
  const { managedClusters } = client();
  const before = await managedClusters.get("lab", "sdk");
  assert.equal(before.networkProfile?.advancedNetworking?.performance?.accelerationMode, "None");
  const poller = managedClusters.createOrUpdate("lab", "sdk", enable(before), { updateIntervalInMs: 50 });
  await poller.submitted();
  await moveOperation(store, makeCluster("sdk").id, { phase: "Succeeded", percentComplete: 100 });
  const ended = await poller.pollUntilDone();
  assert.deepEqual(
    [ended.provisioningState, ended.networkProfile?.advancedNetworking?.performance?.accelerationMode],
    ["Succeeded", "BpfVeth"],
  );
  const names = [];
  for await (const cluster of managedClusters.list()) names.push(cluster.name);
  assert.deepEqual(names, ["aborted", "canceled", "failing", "sdk"]);
});

for (const [name, phase, message] of [
  ["failing", "Failed", /PreflightBlocked.*Two checks failed/],
  ["canceled", "Canceled", /canceled/i],
] as const)
  test(`an operation that ends ${phase} rejects with what the operation says`, async () => {
    const { managedClusters } = client();
    const poller = managedClusters.createOrUpdate("lab", name, enable(await managedClusters.get("lab", name)), { updateIntervalInMs: 50 });
    await poller.submitted();
    await moveOperation(store, makeCluster(name).id, { phase, error: { code: "PreflightBlocked", message: "Two checks failed" } });
    await assert.rejects(async () => poller.pollUntilDone(), message);
    assert.equal((await managedClusters.get("lab", name)).provisioningState, phase);
  });

test("an abort is polled until the operation is canceled; with nothing under way it is refused", async () => {
  const { managedClusters } = client();
  const poller = managedClusters.createOrUpdate("lab", "aborted", enable(await managedClusters.get("lab", "aborted")));
  await poller.submitted();
  const abort = managedClusters.abortLatestOperation("lab", "aborted", { updateIntervalInMs: 50 });
  await abort.submitted();
  await moveOperation(store, makeCluster("aborted").id, "Canceled");
  await abort.pollUntilDone();
  assert.equal((await managedClusters.get("lab", "aborted")).provisioningState, "Canceled");
  await assert.rejects(
    async () => managedClusters.abortLatestOperation("lab", "aborted").submitted(),
    (error: { code?: string; statusCode?: number }) => error.statusCode === 409 && error.code === "OperationNotAllowed",
  );
});

test("an etag that has gone stale is refused with PreconditionFailed", async () => {
  const { managedClusters } = client();
  const cluster = await managedClusters.get("lab", "sdk");
  const poller = managedClusters.createOrUpdate("lab", "sdk", { ...cluster, tags: { a: "b" } }, { ifMatch: "stale" });
  await assert.rejects(
    async () => poller.submitted(),
    (error: { code?: string; statusCode?: number }) => error.statusCode === 412 && error.code === "PreconditionFailed",
  );
});

test("maintenance configurations are set, read and removed by the SDK's own client", async () => {
  const { maintenanceConfigurations } = client();
  const name = "aksManagedNodeOSUpgradeSchedule";
  const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
  const notAllowedDates = [{ start: day("2026-12-23"), end: day("2027-01-03") }];
  const maintenanceWindow = {
    schedule: { daily: { intervalDays: 3 } },
    durationHours: 4,
    startTime: "22:00",
    startDate: day("2026-01-01"),
    notAllowedDates,
  };
  await maintenanceConfigurations.createOrUpdate("lab", "sdk", name, { maintenanceWindow });
  const kept = await maintenanceConfigurations.get("lab", "sdk", name);
  assert.deepEqual(
    JSON.parse(JSON.stringify(kept.maintenanceWindow)),
    JSON.parse(JSON.stringify({ ...maintenanceWindow, utcOffset: "+00:00" })),
  );
  const names = [];
  for await (const each of maintenanceConfigurations.listByManagedCluster("lab", "sdk")) names.push(each.name);
  assert.deepEqual(names, [name]);
  await maintenanceConfigurations.delete("lab", "sdk", name);
  await maintenanceConfigurations.delete("lab", "sdk", name);
  await assert.rejects(async () => maintenanceConfigurations.get("lab", "sdk", name), /was not found/);
});

test("a wrong secret gets no token, and the authority's key stays private", async () => {
  await assert.rejects(() => client("wrong").managedClusters.get("lab", "sdk"), /AADSTS7000215/);
  assert.equal(statSync(installation.authorityKeyFile).mode & 0o777, 0o600);
  assert.ok("d" in JSON.parse(readFileSync(installation.authorityKeyFile, "utf8")));
  const published = await fetch(`${installation.base}/${ids.tenantId}/discovery/v2.0/keys`).then(
    (reply) => reply.json() as Promise<{ keys: object[] }>,
  );
  assert.deepEqual(
    published.keys.map((key) => Object.keys(key).toSorted()),
    [["alg", "e", "kid", "kty", "n", "use"]],
  );
});

test("neither secret nor token is in any log", () => {
  for (const one of [installation.authority, installation.controlPlane])
    assert.doesNotMatch(one.output(), new RegExp(`${installation.clientSecret}|eyJ[A-Za-z0-9_-]{20}`));
});

test("an authority that is away: token requests are refused with 503, resources stay readable with the token at hand", async () => {
  const { managedClusters } = client();
  await managedClusters.get("lab", "sdk");
  await installation.authority.end("SIGKILL");
  const reply = await fetch(`${installation.base}/${ids.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({ a: "b" }),
  });
  const { error } = (await reply.json()) as { error: { code: string } };
  assert.deepEqual([reply.status, error.code], [503, "ServiceUnavailable"]);
  assert.equal((await managedClusters.get("lab", "sdk")).name, "sdk");
});
