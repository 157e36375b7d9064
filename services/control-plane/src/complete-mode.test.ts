/** Complete mode: what-if, validate and the deployment itself agree about what is deleted, and about what cannot be. */
import assert from "node:assert/strict";
import { after, beforeEach, before, test } from "node:test";
import { contributorRole, readerRole } from "@hostrouting/domain";
import { assign, ids, makeCluster, register } from "./testing/test-cluster.ts";
import { clusterResource, deploymentUrl, lookUntil, spliced, templateOf } from "./testing/test-deployment.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
const CLUSTERS = `${GROUP}/providers/Microsoft.ContainerService/managedClusters`;
/** May write cluster `one` and deploy, sees all of the group, and deletes nothing. */
const WRITER = "oid-of-writer";
const SEES_ONE = "oid-of-one-who-sees-one";
const COMPLETE = ', "mode": "Complete"';

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one"), makeCluster("two")]);
  for (const principalId of [WRITER, SEES_ONE])
    for (const scope of [`${CLUSTERS}/one`, `${GROUP}/providers/Microsoft.Resources/deployments/all`])
      await assign(surface.store, { principalId, roleId: contributorRole.id, scope });
  await assign(surface.store, { principalId: WRITER, roleId: readerRole.id, scope: GROUP });
});
after(() => surface.close());
beforeEach(() => register(surface.store, [makeCluster("one"), makeCluster("two")]));

/** Names of clusters of the group that are there and not being deleted. */
async function standing(): Promise<readonly string[]> {
  const found = await surface.store.clusters.list({ subscriptionId: ids.subscriptionId, resourceGroup: "Lab", limit: 100 });
  return found.filter(({ provisioningState }) => provisioningState !== "Deleting").map(({ name }) => name);
}

/** What is said about a template: by validate, by what-if, and by the deployment at its end, as whoever has the token. */
async function sayings(template: string, token: Readonly<Record<string, unknown>>): Promise<readonly [Reply, Reply, Reply]> {
  const body = spliced(template, {}, COMPLETE);
  const post = (verb: string): Promise<Reply> => surface.ask({ method: "POST", path: deploymentUrl("all", verb), body, token });
  const asked = [await post("/validate"), await post("/whatIf")] as const;
  const accepted = await surface.ask({ method: "PUT", path: deploymentUrl("all"), body, token });
  assert.ok([200, 201].includes(accepted.status), accepted.text);
  const ended = await lookUntil(
    () => surface.ask({ path: deploymentUrl("all") }),
    (reply) => ["Succeeded", "Failed"].includes(reply.body.properties.provisioningState),
  );
  return [...asked, ended];
}

const one = clusterResource("one", { tags: { team: "net" } });
const nested = (name: string, resources: readonly unknown[], more: object = {}): object => ({
  ...{ type: "Microsoft.Resources/deployments", apiVersion: "2025-04-01", name },
  properties: { mode: "Incremental", template: JSON.parse(templateOf(resources)) as unknown, ...more },
});

const kept: readonly (readonly [says: string, resources: readonly unknown[], changes: readonly string[]])[] = [
  [
    "what a nested deployment deploys",
    [one, nested("inner", [clusterResource("two", { tags: { team: "net" } })])],
    ["NoChange", "NoChange"],
  ],
  [
    "what one nested twice deploys, named by the output of another",
    [
      nested("outer", [nested("inner", [clusterResource("two", { tags: { team: "net" } })])]),
      nested("named", [], { template: JSON.parse(templateOf([], { outputs: { name: { type: "string", value: "one" } } })) as unknown }),
      nested("last", [], {
        expressionEvaluationOptions: { scope: "inner" },
        parameters: { name: { value: "[reference('named').outputs.name.value]" } },
        template: JSON.parse(
          templateOf([clusterResource("[parameters('name')]", { tags: { team: "net" } })], { parameters: { name: { type: "string" } } }),
        ) as unknown,
      }),
    ],
    ["NoChange", "NoChange"],
  ],
];
for (const [says, resources, changes] of kept)
  test(`kept: ${says}`, async () => {
    const [validated, whatIf, ended] = await sayings(templateOf(resources), {});
    assert.equal(validated.status, 200, validated.text);
    assert.deepEqual(
      whatIf.body.properties.changes.map(({ changeType }: { changeType: string }) => changeType),
      changes,
      whatIf.text,
    );
    assert.equal(ended.body.properties.provisioningState, "Succeeded", ended.text);
    assert.deepEqual(await standing(), ["one", "two"]);
  });

test("what may not be deleted is told by validate and what-if in the words with which the deployment fails", async () => {
  const [validated, whatIf, ended] = await sayings(templateOf([one]), { oid: WRITER });
  const { details } = ended.body.properties.error;
  assert.deepEqual(
    details.map(({ code, target }: { code: string; target: string }) => [code, target]),
    [["AuthorizationFailed", `${CLUSTERS}/two`]],
  );
  assert.match(
    details[0].message,
    /perform action 'Microsoft\.ContainerService\/managedClusters\/delete' over scope '.*\/managedClusters\/two'/,
  );
  assert.deepEqual([validated.status, validated.body.error.details], [400, details]);
  assert.deepEqual([whatIf.body.status, whatIf.body.error.details], ["Failed", details]);
  assert.deepEqual(await standing(), ["one", "two"]);
});

test("what whoever deploys does not see is neither told of nor deleted", async () => {
  const [, whatIf, ended] = await sayings(templateOf([one]), { oid: SEES_ONE });
  assert.doesNotMatch(whatIf.text, /managedClusters\/two/);
  assert.equal(ended.body.properties.provisioningState, "Succeeded", ended.text);
  assert.deepEqual(await standing(), ["one", "two"]);
});

test("a nested deployment in Complete mode would delete what is around it, and is refused", async () => {
  const body = spliced(templateOf([one, nested("inner", [], { mode: "[concat('Com', 'plete')]" })]));
  const reply = await surface.ask({ method: "PUT", path: deploymentUrl("all"), body });
  assert.deepEqual([reply.status, reply.body.error.code], [400, "InvalidTemplate"]);
  assert.match(reply.body.error.message, /'inner' must have the mode 'Incremental'/);
});
