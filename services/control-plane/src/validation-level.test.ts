import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { as, contributorRole, ownerRole, readerRole, type ClusterId } from "@hostrouting/domain";
import { assign, ids, makeCluster, register } from "./testing/test-cluster.ts";
import { clusterResource, deploymentUrl, modeProperties, spliced, templateOf } from "./testing/test-deployment.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
const ELSEWHERE = `/subscriptions/${ids.subscriptionId}/resourceGroups/Other/providers/Microsoft.ContainerService/managedClusters/other`;
/** Contributor of the group, and reader of a cluster in another. */
const CONTRIBUTOR = randomUUID();

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one"), makeCluster("two")]);
  const other = makeCluster("other", { id: as<ClusterId>(ELSEWHERE.toLowerCase()), resourceGroup: "Other" });
  await surface.store.directory.registerResourceGroup({ subscriptionId: ids.subscriptionId, displayName: "Other", location: "westeurope" });
  await surface.store.clusters.register(other, {});
  await assign(surface.store, { principalId: CONTRIBUTOR, roleId: contributorRole.id, scope: GROUP });
  await assign(surface.store, { principalId: CONTRIBUTOR, roleId: readerRole.id, scope: ELSEWHERE });
});
after(() => surface.close());

type Question = {
  readonly verb: "validate" | "whatIf";
  readonly level?: string;
  readonly template: string;
  readonly oid?: string;
  readonly mode?: string;
};
const ask = ({ verb, level, template, oid, mode = "Incremental" }: Question): Promise<Reply> =>
  surface.ask({
    ...{ method: "POST", path: deploymentUrl("asked", `/${verb}`) },
    body: spliced(template, {}, `, "mode": "${mode}"${level === undefined ? "" : `, "validationLevel": "${level}"`}`),
    ...(oid !== undefined && { token: { oid } }),
  });

const changesOf = (reply: Reply): readonly string[] =>
  reply.body.properties.changes.map(
    ({ resourceId, changeType }: { resourceId: string; changeType: string }) => `${changeType} ${resourceId.split("/").at(-1)}`,
  );
/** The codes of all faults, whether validate tells them or what-if. */
const faultsOf = ({ body }: Reply): readonly string[] => (body.error?.details ?? []).map(({ code }: { code: string }) => code);

const wrong = templateOf([clusterResource("one", { properties: modeProperties("Fast") }), clusterResource("two")]);
const broken = templateOf([clusterResource("[nosuch()]")]);
const MINE = randomUUID();
/** Makes whoever deploys the owner of something. */
const ownership = (scope: string) => ({
  ...{ type: "Microsoft.Authorization/roleAssignments", apiVersion: "2022-04-01", name: MINE, scope },
  properties: {
    roleDefinitionId: `[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '${ownerRole.id}')]`,
    ...{ principalId: CONTRIBUTOR, principalType: "User" },
  },
});

test("Template: what the template itself says is wrong, and nothing that only a try would find", async () => {
  for (const verb of ["validate", "whatIf"] as const) {
    assert.deepEqual(faultsOf(await ask({ verb, template: wrong })), ["InvalidParameter"]);
    const reply = await ask({ verb, level: "Template", template: wrong });
    assert.deepEqual([reply.status, faultsOf(reply)], [200, []], reply.text);
    const refused = await ask({ verb, level: "template", template: broken });
    assert.deepEqual([refused.status, refused.body.error.code], [400, "InvalidTemplate"]);
  }
});

test("Template: what-if tells what would be written, made and deleted, and not what that changes", async () => {
  const template = templateOf([clusterResource("one"), clusterResource("fresh")]);
  assert.deepEqual(changesOf(await ask({ verb: "whatIf", level: "Template", template })), ["Deploy one", "Create fresh", "Ignore two"]);
  const complete = await ask({ verb: "whatIf", level: "Template", template, mode: "Complete" });
  assert.deepEqual(changesOf(complete), ["Deploy one", "Create fresh", "Delete two"]);
});

test("a level that there is not is refused", async () => {
  const reply = await ask({ verb: "validate", level: "Fast", template: templateOf([]) });
  assert.deepEqual([reply.status, reply.body.error.target], [400, "properties.validationLevel"]);
});

test("ProviderNoRbac: who may read and not write learns what a deployment would be refused for besides; Provider tells of the right", async () => {
  const by = { oid: CONTRIBUTOR, verb: "validate" } as const;
  const right = templateOf([ownership(GROUP)]);
  const both = templateOf([ownership(GROUP), clusterResource("one", { properties: modeProperties("Fast") })]);
  assert.deepEqual(faultsOf(await ask({ template: right, ...by })), ["AuthorizationFailed"]);
  assert.equal((await ask({ level: "ProviderNoRbac", template: right, ...by })).status, 200);
  assert.deepEqual(faultsOf(await ask({ level: "ProviderNoRbac", template: both, ...by })), ["InvalidParameter"]);
});

test("a right that a template gives away is one of the changes, and is given to nobody", async () => {
  const reply = await ask({ verb: "whatIf", template: templateOf([ownership(GROUP)]) });
  assert.deepEqual(changesOf(reply), [`Create ${MINE}`, "Ignore one", "Ignore two"], reply.text);
  assert.deepEqual(
    await surface.store.roleAssignments
      .list({ tenantId: ids.tenantId, principalId: CONTRIBUTOR, scope: GROUP.toLowerCase(), below: false })
      .then((all) => all.map(({ roleId }) => roleId)),
    [contributorRole.id],
  );
});

test("ProviderNoRbac: rights that a template gives away are given to nobody, not even for the question", async () => {
  const template = templateOf([
    ownership(ELSEWHERE),
    clusterResource("two", {
      tags: { k: `[listClusterAdminCredential('${ELSEWHERE}', '2026-04-01').kubeconfigs[0].name]` },
      dependsOn: [MINE],
    }),
  ]);
  const reply = await ask({ verb: "whatIf", level: "ProviderNoRbac", template, oid: CONTRIBUTOR });
  assert.deepEqual(
    changesOf(reply).slice(0, 2),
    ["Create mine", "Unsupported two"].map((one) => one.replace("mine", MINE)),
    reply.text,
  );
  assert.match(reply.text, /does not have authorization to perform action '[^']*listClusterAdminCredential\/action'/);
});
