import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { readerRole } from "@hostrouting/domain";
import { moveOperation, ids, makeCluster, register } from "./testing/test-cluster.ts";
import {
  TOGGLE,
  clusterResource,
  deploy,
  deploymentUrl,
  followDeployment,
  lookUntil,
  modeProperties,
  operationsOf,
  spliced,
  templateOf,
} from "./testing/test-deployment.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
const clusterPath = (name: string): string =>
  `${GROUP}/providers/Microsoft.ContainerService/managedClusters/${name}?api-version=2026-04-01`;

let surface: TestSurface;
let serial = 0;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, []);
});
after(() => surface.close());

/** Names of fresh clusters, so that no test depends on another. */
async function fresh(count = 1): Promise<readonly [string, string, string]> {
  const clusters = Array.from({ length: count }, () => makeCluster(`d${++serial}`));
  await register(surface.store, clusters);
  const [first = "", second = "", third = ""] = clusters.map(({ name }) => name);
  return [first, second, third];
}

/** Plays the worker, as soon as there is something to play. */
async function finish(name: string, phase: "Succeeded" | "Failed" = "Succeeded"): Promise<void> {
  const { id } = makeCluster(name);
  await lookUntil(
    async () => (await surface.store.clusters.get(id))?.activeOperationId,
    (active) => active !== undefined,
  );
  const error = { code: "NodesFailed", message: "Two nodes did not come back." };
  await moveOperation(surface.store, id, phase === "Failed" ? { phase, error } : { phase });
}

const etagOf = async (name: string): Promise<string | undefined> => (await surface.store.clusters.get(makeCluster(name).id))?.etag;
const get = (name: string): Promise<Reply> => surface.ask({ path: deploymentUrl(name) });

test("az's spliced body toggles the mode: 201, a status to follow, outputs, one Create", async () => {
  const [cluster] = await fresh();
  const accepted = await deploy(surface, "Toggle", spliced(TOGGLE, { clusterName: cluster }));
  assert.equal(accepted.status, 201);
  const { properties } = accepted.body;
  assert.deepEqual([properties.mode, properties.provisioningState, accepted.headers["retry-after"]], ["Incremental", "Accepted", "1"]);
  assert.deepEqual(properties.parameters, { clusterName: { type: "String", value: cluster }, mode: { type: "String", value: "BpfVeth" } });
  assert.match(
    String(accepted.headers["azure-asyncoperation"]),
    /\/deployments\/Toggle\/operationStatuses\/[0-9a-f-]{36}\?api-version=2025-04-01$/,
  );
  const running = await surface.ask({ path: String(accepted.headers["azure-asyncoperation"]).slice(surface.base.length) });
  assert.ok(["Accepted", "Running"].includes(running.body.status) && running.headers["retry-after"] === "1");
  await finish(cluster);
  const ended = await followDeployment(surface, accepted);
  const id = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/${cluster}`;
  assert.deepEqual(ended.body.properties.provisioningState, "Succeeded");
  assert.deepEqual(ended.body.properties.outputs, { id: { type: "String", value: id }, mode: { type: "String", value: "BpfVeth" } });
  assert.deepEqual(ended.body.properties.outputResources, [{ id }]);
  assert.match(ended.body.properties.duration, /^PT[\d.]+S$/);
  assert.deepEqual(await operationsOf(surface, "toggle"), [`Create ${cluster} Succeeded OK`, "EvaluateDeploymentOutput - Succeeded OK"]);
  const again = await deploy(surface, "toggle", spliced(TOGGLE, { clusterName: cluster }));
  assert.equal(again.status, 200);
  assert.equal((await followDeployment(surface, again)).body.properties.provisioningState, "Succeeded");
});

test("a name that is under way is not taken again; it can be canceled, and then neither canceled nor followed by what waited", async () => {
  const [first, second] = await fresh(2);
  const template = templateOf([
    clusterResource(first, { properties: modeProperties("BpfVeth") }),
    clusterResource(second, { properties: modeProperties("BpfVeth"), dependsOn: [first] }),
  ]);
  const accepted = await deploy(surface, "canceled", spliced(template));
  await lookUntil(
    () => operationsOf(surface, "canceled"),
    (operations) => operations.includes(`Create ${first} Running OK`),
  );
  const busy = await deploy(surface, "canceled", spliced(template));
  assert.deepEqual([busy.status, busy.body.error.code], [409, "DeploymentActive"]);
  const cancel = () => surface.ask({ method: "POST", path: deploymentUrl("canceled", "/cancel") });
  assert.equal((await cancel()).status, 204);
  assert.deepEqual([(await cancel()).status, (await cancel()).body.error.code], [409, "DeploymentNotRunning"]);
  await finish(first);
  const ended = await followDeployment(surface, accepted);
  assert.deepEqual([ended.body.properties.provisioningState, ended.body.properties.error.code], ["Canceled", "DeploymentCanceled"]);
  assert.deepEqual(await operationsOf(surface, "canceled"), [`Create ${first} Canceled OK`]);
  assert.equal(await etagOf(second), `etag-of-${second}`);
});

test("dependsOn: the second begins when the first is done, by its operation's status", async () => {
  const [first, second] = await fresh(2);
  const template = templateOf([
    clusterResource(second, {
      properties: modeProperties("BpfVeth"),
      tags: { of: `[reference('${first}').provisioningState]` },
      dependsOn: [`[resourceId('Microsoft.ContainerService/managedClusters', '${first}')]`],
    }),
    clusterResource(first, { properties: modeProperties("BpfVeth") }),
  ]);
  const accepted = await deploy(surface, "ordered", spliced(template));
  await lookUntil(
    () => operationsOf(surface, "ordered"),
    (operations) => operations.includes(`Create ${first} Running OK`),
  );
  assert.equal(await etagOf(second), `etag-of-${second}`);
  await finish(first);
  await finish(second);
  assert.equal((await followDeployment(surface, accepted)).body.properties.provisioningState, "Succeeded");
  assert.deepEqual((await surface.ask({ path: clusterPath(second) })).body.tags, { of: "Succeeded" });
});

test("rights are deployed at the group and, by scope, at one cluster", async () => {
  const [name] = await fresh();
  const principalId = randomUUID();
  const assignment = (more: object) => ({
    ...{ type: "Microsoft.Authorization/roleAssignments", apiVersion: "2022-04-01", name: randomUUID() },
    properties: {
      roleDefinitionId: `[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '${readerRole.id}')]`,
      ...{ principalId, principalType: "User" },
    },
    ...more,
  });
  const template = templateOf([
    assignment({}),
    assignment({ scope: `[resourceId('Microsoft.ContainerService/managedClusters', '${name}')]` }),
  ]);
  const ended = await followDeployment(surface, await deploy(surface, "rights", spliced(template)));
  assert.equal(ended.body.properties.provisioningState, "Succeeded", ended.text);
  const scopes = ended.body.properties.outputResources.map(({ id }: { id: string }) => id.split("/providers/Microsoft.Authorization/")[0]);
  assert.deepEqual(scopes.toSorted(), [GROUP, clusterPath(name).split("?")[0]]);
  assert.equal((await surface.ask({ path: clusterPath(name), token: { oid: principalId } })).status, 200);
});

test("an operation that fails, and a cluster that is busy, fail their resources; others go on", async () => {
  const [failing, busy, fine] = await fresh(3);
  await surface.ask({ method: "PUT", path: clusterPath(busy), body: { location: "westeurope", properties: modeProperties("BpfVeth") } });
  const template = templateOf([
    clusterResource(failing, { properties: modeProperties("BpfVeth") }),
    clusterResource(busy, { properties: { autoUpgradeProfile: { upgradeChannel: "patch" } } }),
    clusterResource(fine, { tags: { x: "y" } }),
  ]);
  const accepted = await deploy(surface, "failing", spliced(template));
  await finish(failing, "Failed");
  const { error, provisioningState } = (await followDeployment(surface, accepted)).body.properties;
  assert.deepEqual([provisioningState, error.code], ["Failed", "DeploymentFailed"]);
  const details = error.details.toSorted((a: { code: string }, b: { code: string }) => a.code.localeCompare(b.code));
  assert.deepEqual(
    details.map((one: { code: string; target: string }) => [one.code, one.target.split("/").at(-1)]),
    [
      ["OperationNotAllowed", busy],
      ["ResourceDeploymentFailure", failing],
    ],
  );
  assert.equal(details[1].details[0].code, "NodesFailed");
  assert.deepEqual((await operationsOf(surface, "failing")).toSorted(), [
    `Create ${failing} Failed Conflict`,
    `Create ${busy} Failed Conflict`,
    `Create ${fine} Succeeded OK`,
  ]);
  const status = await surface.ask({ path: String(accepted.headers["azure-asyncoperation"]).slice(surface.base.length) });
  assert.deepEqual([status.body.status, status.body.error.code, status.headers["retry-after"]], ["Failed", "DeploymentFailed", undefined]);
});

test("a deployment inside a deployment, whose outputs the outer one reads; its children; a name of its own", async () => {
  const [cluster] = await fresh();
  const nested = {
    type: "Microsoft.Resources/deployments",
    apiVersion: "2025-04-01",
    name: "inner",
    properties: {
      mode: "Incremental",
      expressionEvaluationOptions: { scope: "inner" },
      parameters: { name: { value: "[parameters('name')]" } },
      template: {
        $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        contentVersion: "1.0.0.0",
        parameters: { name: { type: "string" } },
        resources: [clusterResource("[parameters('name')]", { tags: { by: "[deployment().name]" } })],
        outputs: { etag: { type: "string", value: "[reference(parameters('name'), '2026-04-01', 'Full').eTag]" } },
      },
    },
  };
  const template = templateOf([nested], {
    parameters: { name: { type: "string" } },
    outputs: { etag: { type: "string", value: "[reference('inner').outputs.etag.value]" } },
  });
  const accepted = await deploy(surface, "outer", spliced(template, { name: cluster }));
  const ended = await followDeployment(surface, accepted);
  assert.equal(ended.body.properties.provisioningState, "Succeeded", JSON.stringify(ended.body.properties.error));
  assert.equal(ended.body.properties.outputs.etag.value, await etagOf(cluster));
  assert.equal((await get("inner")).body.properties.provisioningState, "Succeeded");
  assert.deepEqual((await surface.ask({ path: clusterPath(cluster) })).body.tags, { by: "inner" });
});

test("a nested deployment with outer scope is deployed with the outer template's parameters, variables, loops and state", async () => {
  const [first, second] = await fresh(2);
  const nested = {
    type: "Microsoft.Resources/deployments",
    apiVersion: "2025-04-01",
    name: "[concat('outer-scope-', copyIndex())]",
    copy: { name: "each", count: 1 },
    properties: {
      mode: "Incremental",
      template: JSON.parse(
        templateOf([
          clusterResource("[parameters('name')]", {
            tags: { by: "[concat(variables('who'), copyIndex('each'))]", of: `[reference('${first}').provisioningState]` },
          }),
        ]),
      ) as unknown,
    },
  };
  const template = templateOf([clusterResource(first, { tags: { x: "y" } }), nested], {
    parameters: { name: { type: "string" } },
    variables: { who: "outside" },
  });
  const ended = await followDeployment(surface, await deploy(surface, "around", spliced(template, { name: second })));
  assert.equal(ended.body.properties.provisioningState, "Succeeded", JSON.stringify(ended.body.properties.error));
  assert.deepEqual((await surface.ask({ path: clusterPath(second) })).body.tags, { by: "outside0", of: "Succeeded" });
});

test("secure values are shown nowhere and kept nowhere", async () => {
  const [cluster] = await fresh();
  const template = templateOf([clusterResource(cluster, { tags: { secret: "[parameters('pw')]" } })], {
    parameters: { pw: { type: "securestring" }, plain: { type: "string", defaultValue: "shown" } },
    outputs: { pw: { type: "securestring", value: "[parameters('pw')]" } },
  });
  const accepted = await deploy(surface, "secure", spliced(template, { pw: "hunter2" }));
  const ended = await followDeployment(surface, accepted);
  assert.equal(ended.body.properties.provisioningState, "Succeeded", JSON.stringify(ended.body.properties.error));
  assert.deepEqual(ended.body.properties.parameters.pw, { type: "SecureString" });
  const exported = await surface.ask({ method: "POST", path: deploymentUrl("secure", "/exportTemplate") });
  const operations = await surface.ask({ path: deploymentUrl("secure", "/operations") });
  const kept = await surface.store.deployments.list({ subscriptionId: ids.subscriptionId, resourceGroup: "Lab", limit: 100 });
  for (const text of [accepted.text, ended.text, exported.text, operations.text, JSON.stringify(kept)])
    assert.doesNotMatch(text, /hunter2/);
  assert.deepEqual((await surface.ask({ path: clusterPath(cluster) })).body.tags, { secret: "hunter2" });
});

test("HEAD, GET, list, operation, exportTemplate, DELETE", async () => {
  const [cluster] = await fresh();
  const head = async () => (await surface.ask({ method: "HEAD", path: deploymentUrl("kept") })).status;
  assert.equal(await head(), 404);
  assert.deepEqual([(await get("kept")).status, (await get("kept")).body.error.code], [404, "DeploymentNotFound"]);
  await followDeployment(surface, await deploy(surface, "kept", spliced(templateOf([clusterResource(cluster)]))));
  assert.equal(await head(), 204);
  const all = await surface.ask({ path: deploymentUrl("").replace("/?", "?") });
  assert.ok(all.body.value.some(({ name }: { name: string }) => name === "kept"));
  const { value } = (await surface.ask({ path: deploymentUrl("kept", "/operations") })).body;
  assert.equal((await surface.ask({ path: deploymentUrl("kept", `/operations/${value[0].operationId}`) })).body.id, value[0].id);
  const exported = await surface.ask({ method: "POST", path: deploymentUrl("kept", "/exportTemplate") });
  assert.deepEqual(exported.body.template, JSON.parse(templateOf([clusterResource(cluster)])));
  assert.deepEqual([(await surface.ask({ method: "DELETE", path: deploymentUrl("kept") })).status, await head()], [204, 404]);
  assert.equal((await surface.ask({ method: "DELETE", path: deploymentUrl("kept") })).status, 204);
  assert.ok((await surface.store.clusters.get(makeCluster(cluster).id)) !== undefined);
});

test("a deployment and its group may have names of every script: the address of its status leads there", async () => {
  const group = `/subscriptions/${ids.subscriptionId}/resourceGroups/${encodeURIComponent("グループ")}`;
  const V = "api-version=2025-04-01";
  assert.equal((await surface.ask({ method: "PUT", path: `${group}?${V}`, body: { location: "westeurope" } })).status, 201);
  const path = `${group}/providers/Microsoft.Resources/deployments/${encodeURIComponent("配備")}?${V}`;
  const accepted = await surface.ask({ method: "PUT", path, body: spliced(templateOf([])) });
  assert.equal(accepted.status, 201);
  const status = String(accepted.headers["azure-asyncoperation"]).slice(surface.base.length);
  await lookUntil(
    () => surface.ask({ path: status }),
    ({ body }) => body.status === "Succeeded",
  );
});
