import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { TOGGLE, clusterResource, deploymentUrl, modeProperties, spliced, templateOf } from "./testing/test-deployment.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
const idOf = (name: string): string => `${GROUP}/providers/Microsoft.ContainerService/managedClusters/${name}`;
const MODE_PATH = "properties.networkProfile.advancedNetworking.performance.accelerationMode";

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one"), makeCluster("two")]);
});
after(() => surface.close());

const ask = (verb: "validate" | "whatIf", body: string): Promise<Reply> =>
  surface.ask({ method: "POST", path: deploymentUrl("asked", `/${verb}`), body });

/** Everything that a question could have changed. */
async function everything(): Promise<unknown> {
  const { store } = surface;
  const clusters = await store.clusters.list({ subscriptionId: ids.subscriptionId, limit: 100 });
  const about = clusters.map(async ({ id }) => [
    await store.operations.list(id, 9),
    await store.clusters.history(id, { afterSeq: 0, limit: 99 }),
    await store.clusters.maintenance(id),
  ]);
  const deployments = await store.deployments.list({ subscriptionId: ids.subscriptionId, resourceGroup: "Lab", limit: 100 });
  return [clusters, await Promise.all(about), deployments];
}

/** Asks, and holds that nothing has changed. */
async function askOnly(verb: "validate" | "whatIf", body: string): Promise<Reply> {
  const before = await everything();
  const reply = await ask(verb, body);
  assert.deepEqual(await everything(), before);
  return reply;
}

type Change = {
  resourceId: string;
  changeType: string;
  delta?: { path: string; propertyChangeType: string; before: unknown; after: unknown }[];
};
/** Each change in a line: what, of which, and where. */
function lines(reply: Reply): readonly string[] {
  assert.equal(reply.body.status, "Succeeded", reply.text);
  return reply.body.properties.changes.map(({ resourceId, changeType, delta = [] }: Change) =>
    [changeType, resourceId.split("/").at(-1), ...delta.map((one) => `${one.path}:${one.propertyChangeType}`)].join(" "),
  );
}

test("validate of az's body: 200 with the resources that would be written", async () => {
  const reply = await askOnly("validate", spliced(TOGGLE, { clusterName: "one" }));
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(reply.body.properties.validatedResources, [{ id: idOf("one") }]);
  assert.equal(reply.body.properties.provisioningState, "Succeeded");
});

test("validate collects what is wrong with all resources", async () => {
  const template = templateOf([
    clusterResource("one", { properties: modeProperties("Fast") }),
    clusterResource("two", { properties: { networkProfile: { networkPlugin: "kubenet" } } }),
    clusterResource("one-x", { tags: { "a<b": "c" } }),
  ]);
  const reply = await askOnly("validate", spliced(template));
  assert.deepEqual([reply.status, reply.body.error.code], [400, "InvalidTemplateDeployment"]);
  const codes = reply.body.error.details.map(({ code }: { code: string }) => code);
  assert.deepEqual(codes.slice(0, 2), ["InvalidParameter", "PropertyChangeNotAllowed"]);
  assert.equal(codes.length, 3);
});

test("what-if of az's body: one Modify, of one path and no other", async () => {
  const reply = await askOnly("whatIf", spliced(TOGGLE, { clusterName: "one" }, ', "whatIfSettings": {}'));
  assert.deepEqual(lines(reply), [`Modify one ${MODE_PATH}:Modify`, "Ignore two"]);
  const [{ delta }] = reply.body.properties.changes;
  assert.deepEqual([delta[0].before, delta[0].after], ["None", "BpfVeth"]);
});

const cases: readonly (readonly [says: string, resources: readonly unknown[], more: string, expected: readonly string[]])[] = [
  [
    "what is so already, in other words",
    [clusterResource("one", { location: "West Europe", tags: { team: "net" }, properties: modeProperties("none") })],
    "",
    ["NoChange one", "Ignore two"],
  ],
  [
    "a mode that is said by leaving it out",
    [clusterResource("one", { properties: { networkProfile: { advancedNetworking: { enabled: true } } } })],
    "",
    ["NoChange one", "Ignore two"],
  ],
  [
    "tags",
    [clusterResource("one", { tags: { team: "other", more: "x" } })],
    "",
    ["Modify one tags.team:Modify tags.more:Create", "Ignore two"],
  ],
  [
    "ids only",
    [clusterResource("one", { tags: {} })],
    ', "whatIfSettings": {"resultFormat": "resourceIdOnly"}',
    ["Deploy one", "Ignore two"],
  ],
  ["Complete mode", [clusterResource("one", { tags: { team: "net" } })], ', "mode": "Complete"', ["NoChange one", "Delete two"]],
  ["what is not deployed", [clusterResource("one", { condition: false })], "", ["Ignore one", "Ignore two"]],
  [
    "a child that depends on its parent's operation, and sees what that leaves",
    [
      clusterResource("one", { properties: modeProperties("BpfVeth") }),
      {
        type: "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
        apiVersion: "2026-04-01",
        name: "one/default",
        properties: {
          timeInWeek: [{ day: "[if(equals(reference('one').provisioningState, 'Succeeded'), 'Monday', 'Friday')]", hourSlots: [1] }],
        },
        dependsOn: ["one"],
      },
    ],
    "",
    [`Modify one ${MODE_PATH}:Modify`, "Create default", "Ignore two"],
  ],
  [
    "what is nested",
    [
      {
        type: "Microsoft.Resources/deployments",
        apiVersion: "2025-04-01",
        name: "inner",
        properties: { mode: "Incremental", template: JSON.parse(templateOf([clusterResource("two", { tags: { in: "ner" } })])) as unknown },
      },
    ],
    "",
    ["Modify two tags.team:Delete tags.in:Create", "Ignore one"],
  ],
];
for (const [says, resources, more, expected] of cases)
  test(`what-if: ${says}`, async () => {
    assert.deepEqual(lines(await askOnly("whatIf", spliced(templateOf(resources), {}, more))), expected);
  });

test("what-if of what would be refused says so, in ARM's words", async () => {
  const reply = await askOnly("whatIf", spliced(TOGGLE, { clusterName: "one", mode: "Fast" }));
  assert.deepEqual([reply.status, reply.body.status, reply.body.error.code], [200, "Failed", "InvalidTemplateDeployment"]);
});

test("secure values do not show in what-if", async () => {
  const template = templateOf([clusterResource("one", { tags: { s: "[parameters('pw')]" } })], {
    parameters: { pw: { type: "secureString" } },
  });
  const reply = await askOnly("whatIf", spliced(template, { pw: "hunter2" }));
  assert.deepEqual(lines(reply)[0]?.split(" ")[0], "Modify");
  assert.doesNotMatch(reply.text, /hunter2/);
});

test("a busy cluster is no fault of the template, and what becomes of it is unknown", async () => {
  const busy = makeCluster("busy");
  await register(surface.store, [busy]);
  await surface.ask({
    method: "PUT",
    path: `${idOf("busy")}?api-version=2026-04-01`,
    body: { location: "westeurope", properties: modeProperties("BpfVeth") },
  });
  const body = spliced(templateOf([clusterResource("busy", { properties: { autoUpgradeProfile: { upgradeChannel: "patch" } } })]));
  assert.equal((await askOnly("validate", body)).status, 200);
  const reply = await askOnly("whatIf", body);
  assert.deepEqual(lines(reply)[0], "Unsupported busy");
  assert.match(reply.body.properties.changes[0].unsupportedReason, /EnableHostRouting/);
});
