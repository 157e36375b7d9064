import assert from "node:assert/strict";
import { test } from "node:test";
import { resourceTypeOf } from "./resource-id.ts";
import { cluster, GROUP, lines, planOf } from "./testing/plan-for-test.ts";

const IN_GROUP = "/subscriptions/s/resourceGroups/g";
const CLUSTERS = "Microsoft.ContainerService/managedClusters";

const cases: readonly (readonly [what: string, id: string, type: string])[] = [
  ["a resource in a group", `${IN_GROUP}/providers/${CLUSTERS}/c`, CLUSTERS],
  ["a child", `${IN_GROUP}/providers/${CLUSTERS}/c/agentPools/p`, `${CLUSTERS}/agentPools`],
  ["what extends a resource", `${IN_GROUP}/providers/${CLUSTERS}/c/PROVIDERS/Microsoft.X/a/n`, "Microsoft.X/a"],
  ["a resource in a group of the name 'providers'", `/subscriptions/s/resourceGroups/providers/providers/${CLUSTERS}/c`, CLUSTERS],
  ["a child of a resource of that name", `${IN_GROUP}/providers/${CLUSTERS}/providers/agentPools/p`, `${CLUSTERS}/agentPools`],
  ["a resource of the tenant", "/providers/Microsoft.X/a/n", "Microsoft.X/a"],
  ["a group, which no provider has", IN_GROUP, ""],
];
for (const [what, id, type] of cases) test(`the type of ${what}`, () => assert.equal(resourceTypeOf(id), type));

test("a pool of a cluster of that name is depended on by its type and name", () => {
  const pool = { type: `${CLUSTERS}/agentPools`, apiVersion: "2026-04-01", name: "providers/p", dependsOn: ["providers"] };
  const plan = planOf({ resources: [cluster("providers"), pool, cluster("after", { dependsOn: [`${CLUSTERS}/providers/agentPools/p`] })] });
  assert.deepEqual(plan.problems, []);
  const after = plan.resources.find(({ name }) => name === "after");
  assert.deepEqual(after?.dependsOn, [`${GROUP}/providers/${CLUSTERS}/providers/agentPools/p`], lines(plan).join("\n"));
});
