/** Resource groups, lists of resources and template deployments by the SDKs for JavaScript, unmodified, against the real processes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ResourceManagementClient } from "@azure/arm-resources";
import { DeploymentsClient, type DeploymentProperties } from "@azure/arm-resourcesdeployments";
import type { Store } from "@hostrouting/store";
import { startClientStage, type ClientStage } from "./testing/test-clients.ts";
import { ids, makeCluster, moveOperation } from "./testing/test-cluster.ts";
import { clusterResource, lookUntil, modeProperties, templateOf } from "./testing/test-deployment.ts";
import { credentialOf } from "./testing/test-installation.ts";

const FAST = { updateIntervalInMs: 50 } as const;
const CLUSTERS = "Microsoft.ContainerService/managedClusters";
const ONE = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/${CLUSTERS}/one`;
const VERSION = "2026-04-01";

let store: Store;
let client: ResourceManagementClient;
let deploying: DeploymentsClient;
let stage: ClientStage;

before(async () => {
  stage = await startClientStage(["one", "two", "three", "four"]);
  const { installation } = stage;
  store = stage.store;
  client = new ResourceManagementClient(credentialOf(installation), ids.subscriptionId, { endpoint: installation.base });
  deploying = new DeploymentsClient(credentialOf(installation), ids.subscriptionId, { endpoint: installation.base });
});

after(() => stage?.close());

async function namesOf(list: AsyncIterable<{ readonly name?: string }>): Promise<readonly (string | undefined)[]> {
  const names = [];
  for await (const { name } of list) names.push(name);
  return names;
}

const isRefused =
  (statusCode: number, code: string) =>
  (error: { readonly statusCode?: number; readonly code?: string }): boolean =>
    error.statusCode === statusCode && error.code === code;

test("a resource group is made, found, tagged, listed and deleted", async () => {
  const { resourceGroups } = client;
  assert.equal((await resourceGroups.checkExistence("sdk")).body, false);
  const made = await resourceGroups.createOrUpdate("sdk", { location: "westeurope", tags: { a: "b" } });
  assert.deepEqual(
    [made.name, made.location, made.tags, made.properties?.provisioningState],
    ["sdk", "westeurope", { a: "b" }, "Succeeded"],
  );
  assert.equal((await resourceGroups.checkExistence("SDK")).body, true);
  assert.deepEqual((await resourceGroups.update("sdk", { tags: { c: "d" } })).tags, { c: "d" });
  assert.deepEqual(await namesOf(resourceGroups.list({ filter: "tagName eq 'c' and tagValue eq 'd'" })), ["sdk"]);
  assert.deepEqual(await namesOf(resourceGroups.list({ top: 2 })), ["empty", "Lab", "sdk"]);
  await resourceGroups.delete("sdk", FAST).pollUntilDone();
  await assert.rejects(async () => resourceGroups.get("sdk"), isRefused(404, "ResourceGroupNotFound"));
});

test("resources are listed by page and filter, and found by id", async () => {
  const { resources } = client;
  assert.deepEqual(await namesOf(resources.list({ top: 3 })), ["four", "one", "three", "two"]);
  const filter = `resourceType eq '${CLUSTERS}' and tagName eq 'team' and tagValue eq 'net' and substringof('o', name)`;
  assert.deepEqual(await namesOf(resources.listByResourceGroup("lab", { filter })), ["four", "one", "two"]);
  for await (const one of resources.list({ filter: "name eq 'one'", expand: "createdTime,changedTime,provisioningState" }))
    assert.deepEqual([one.id, one.provisioningState, one.createdTime?.toISOString()], [ONE, "Succeeded", "2026-04-01T00:00:00.000Z"]);
  assert.equal((await resources.getById(ONE.slice(1), VERSION)).location, "westeurope");
  const exists = async (id: string): Promise<boolean> => (await resources.checkExistenceById(id.slice(1), VERSION)).body;
  assert.deepEqual([await exists(ONE), await exists(`${ONE}-none`)], [true, false]);
  await assert.rejects(() => namesOf(resources.list({ filter: "kind eq 'x'" })), isRefused(400, "InvalidFilterInQueryString"));
});

const turningOn = (...names: readonly string[]): { properties: DeploymentProperties } => ({
  properties: {
    mode: "Incremental",
    template: JSON.parse(
      templateOf(
        names.map((name) => clusterResource(name, { properties: modeProperties("BpfVeth") })),
        { outputs: { region: { type: "string", value: "[resourceGroup().location]" } } },
      ),
    ),
  },
});

/** Plays the worker, as soon as a deployment has begun something. */
async function end(name: string, phase: "Succeeded" | "Failed" | "Canceled"): Promise<void> {
  const { id } = makeCluster(name);
  await lookUntil(
    async () => (await store.clusters.get(id))?.activeOperationId,
    (active) => active !== undefined,
  );
  await moveOperation(
    store,
    id,
    phase === "Failed" ? { phase, error: { code: "NodesFailed", message: "Two nodes did not come back." } } : phase,
  );
}

test("a deployment is validated, foretold, begun, polled to its end and forgotten", async () => {
  const { deployments, deploymentOperations } = deploying;
  const body = turningOn("one");
  const valid = await deployments.validate("lab", "on", body, FAST).pollUntilDone();
  assert.deepEqual([valid.error, valid.properties?.validatedResources?.length], [undefined, 1]);
  const foretold = await deployments.whatIf("lab", "on", body, FAST).pollUntilDone();
  assert.deepEqual(
    foretold.changes?.filter(({ changeType }) => changeType !== "Ignore").map(({ resourceId, changeType }) => [resourceId, changeType]),
    [[ONE, "Modify"]],
  );
  const poller = deployments.createOrUpdate("lab", "on", body, FAST);
  await poller.submitted();
  assert.equal((await deployments.checkExistence("lab", "on")).body, true);
  await end("one", "Succeeded");
  const ended = await poller.pollUntilDone();
  assert.deepEqual(
    [ended.properties?.provisioningState, ended.properties?.outputs],
    ["Succeeded", { region: { type: "String", value: "westeurope" } }],
  );
  const steps = [];
  for await (const { properties } of deploymentOperations.list("lab", "on"))
    steps.push([properties?.provisioningOperation, properties?.statusCode]);
  assert.deepEqual(steps, [
    ["Create", "OK"],
    ["EvaluateDeploymentOutput", "OK"],
  ]);
  assert.deepEqual(await namesOf(deployments.listByResourceGroup("lab")), ["on"]);
  assert.deepEqual(Object.keys((await deployments.exportTemplate("lab", "on")).template).includes("resources"), true);
  await deployments.delete("lab", "on", FAST).pollUntilDone();
  assert.equal((await deployments.checkExistence("lab", "on")).body, false);
});

test("a deployment that fails rejects with the code of what failed", async () => {
  const poller = deploying.deployments.createOrUpdate("lab", "failing", turningOn("two"), FAST);
  await poller.submitted();
  await end("two", "Failed");
  await assert.rejects(async () => poller.pollUntilDone(), /DeploymentFailed/);
  assert.equal((await deploying.deployments.get("lab", "failing")).properties?.provisioningState, "Failed");
});

test("a deployment is canceled once, and its poller rejects", async () => {
  const { deployments } = deploying;
  const poller = deployments.createOrUpdate("lab", "canceled", turningOn("three"), FAST);
  await poller.submitted();
  await deployments.cancel("lab", "canceled");
  await assert.rejects(async () => poller.pollUntilDone(), /cancel/i);
  assert.equal((await deployments.get("lab", "canceled")).properties?.provisioningState, "Canceled");
  await assert.rejects(async () => deployments.cancel("lab", "canceled"), isRefused(409, "DeploymentNotRunning"));
});

test("a template that is none is refused by validate, and nothing changes", async () => {
  const body = turningOn("four");
  const bad = { properties: { ...body.properties, template: { ...body.properties.template, resources: [{ type: CLUSTERS }] } } };
  // The SDK takes the 400 for the end of an operation, and drops its code and message.
  await assert.rejects(async () => deploying.deployments.validate("lab", "bad", bad, FAST).pollUntilDone(), /operation has failed/);
  assert.equal((await deploying.deployments.checkExistence("lab", "bad")).body, false);
});
