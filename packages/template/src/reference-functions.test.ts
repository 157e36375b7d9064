import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { planNested, resolveResource } from "./plan-deployment.ts";
import { hideSecure, resolveOutputs } from "./resolve-plan.ts";
import type { KnownReferences, ReferenceNeed } from "./template-plan.ts";
import { cluster, CLUSTER, GROUP, id, inputOf, lines, planOf } from "./testing/plan-for-test.ts";
import { planTemplate } from "./plan-deployment.ts";

const SECRET = "kubeconfig-of-an-administrator";

/** Everything that is asked for is there, and says what it was asked. */
const answersAll: KnownReferences = ({ id: asked, action }) => ({
  id: asked,
  properties: { name: asked.split("/").at(-1) ?? "" },
  ...(action !== undefined && { kubeconfigs: [{ name: "clusterUser", value: SECRET }] }),
});

const bySymbol = (resources: JsonObject, outputs: JsonObject = {}) =>
  planTemplate(inputOf({ contentVersion: "1.0.0.0", languageVersion: "2.0", resources, outputs }));

const loop = (count: number, rest: JsonObject = {}): JsonObject =>
  cluster("[concat('c', copyIndex())]", { copy: { name: "clusters", count }, ...rest });

/** What the outputs come to, or what is asked for, or what is wrong. */
function outputs(resources: JsonObject, value: JsonValue, known: KnownReferences): unknown {
  const plan = bySymbol(resources, { o: { type: "array", value } });
  if (plan.problems.length > 0) return plan.problems.map(({ message }) => message);
  const answer = resolveOutputs(plan, known);
  if (answer.kind === "resolved") return answer.value["o"]?.value;
  return answer.kind === "needs" ? answer.references.map(({ id: one, apiVersion }) => `${one} ${apiVersion}`) : answer.problems;
}

test("references: each round of a loop that is deployed, in its order, whole or its properties", () => {
  const pool = { pool: loop(3, { condition: "[not(equals(copyIndex(), 1))]" }) };
  assert.deepEqual(outputs(pool, "[references('pool')]", answersAll), [{ name: "c0" }, { name: "c2" }]);
  assert.deepEqual(outputs(pool, "[map(references('POOL', 'Full'), lambda('c', lambdaVariables('c').apiVersion))]", answersAll), [
    "2026-04-01",
    "2026-04-01",
  ]);
  assert.deepEqual(outputs({ pool: loop(0) }, "[references('pool')]", answersAll), []);
});

test("who depends on a loop that has no rounds waits for nothing", () => {
  const none = cluster("[concat('c', copyIndex())]", { copy: { name: "none", count: 0 } });
  assert.deepEqual(lines(planOf({ resources: [none, cluster("last", { dependsOn: ["none"] })] })), [`${CLUSTER}/last @2026-04-01`]);
  assert.deepEqual(lines(bySymbol({ pool: loop(0), last: cluster("last", { dependsOn: ["pool"] }) })), [`${CLUSTER}/last @2026-04-01`]);
});

test("references: all that is missing is asked for at once", () => {
  assert.deepEqual(
    outputs({ pool: loop(2) }, "[references('pool')]", () => undefined),
    [`${id("c0")} 2026-04-01`, `${id("c1")} 2026-04-01`],
  );
});

test("references: who asks waits for every round", () => {
  const plan = bySymbol({ pool: loop(2), last: cluster("last", { tags: { n: "[string(length(references('pool')))]" } }) });
  assert.deepEqual(lines(plan), [
    `${CLUSTER}/c0 @2026-04-01`,
    `${CLUSTER}/c1 @2026-04-01`,
    `${CLUSTER}/last @2026-04-01 after ${CLUSTER}/c0, ${CLUSTER}/c1`,
  ]);
});

const refusedOutputs: readonly (readonly [says: string, resources: JsonObject, value: string, message: RegExp])[] = [
  ["no loop", { one: cluster("one") }, "[references('one')]", /expects the symbolic name of a resource with 'copy'/],
  ["an id", { pool: loop(1) }, `[references('${id("c0")}')]`, /expects the symbolic name of a resource with 'copy'/],
  ["nothing", {}, "[references('nosuch')]", /The resource 'nosuch' is not defined in the template/],
  [
    "lambda variables",
    { pool: loop(1) },
    "[map(createArray('pool'), lambda('x', references(lambdaVariables('x'))))]",
    /cannot be used with lambda variables/,
  ],
  [
    "an action of no type",
    { one: cluster("one") },
    "[listKeys('one')]",
    /"listKeys" is no action of that resource\. Known are .*listClusterUserCredential/,
  ],
  ["an action of another type", {}, "[listClusterUserCredential(resourceId('A.B/c', 'n'), '1')]", /is no action of that resource/],
  [
    "values for an action",
    { one: cluster("one") },
    "[listClusterUserCredential('one', '2026-04-01', createObject('a', 1))]",
    /takes no values/,
  ],
];

for (const [says, resources, value, message] of refusedOutputs)
  test(`refused of ${says}: ${value}`, () => assert.match(String(outputs(resources, value, answersAll)), message));

test("list…: asked for as an action of the resource, waited for, and as secret as a secure parameter", () => {
  const credential = "listClusterUserCredential('one').kubeconfigs[0].value";
  const plan = planOf({
    resources: [cluster("one"), cluster("two", { tags: { k: `[${credential}]`, n: "plain" } })],
    outputs: { o: { type: "string", value: `[${credential}]` } },
  });
  assert.deepEqual(lines(plan), [`${CLUSTER}/one @2026-04-01`, `${CLUSTER}/two @2026-04-01 after ${CLUSTER}/one`]);
  const [, two] = plan.resources;
  assert.ok(two !== undefined && two.deferred);
  const asked: ReferenceNeed[] = [];
  const needed = resolveResource(plan, two, (need) => void asked.push(need));
  assert.equal(needed.kind, "needs");
  assert.deepEqual(asked, [{ id: id("one"), apiVersion: "2026-04-01", action: "listClusterUserCredential" }]);
  const resolved = resolveResource(plan, two, answersAll);
  assert.ok(resolved.kind === "resolved");
  assert.deepEqual((resolved.value.body as { tags: JsonObject }).tags, { k: SECRET, n: "plain" });
  assert.deepEqual((hideSecure(resolved.value.body, resolved.value.securePaths) as JsonObject)["tags"], { k: "*******", n: "plain" });
  assert.deepEqual(resolveOutputs(plan, answersAll), { kind: "resolved", value: { o: { type: "String" } } });
});

test("list… in a parameter of a nested deployment stays secret within", () => {
  const plan = planOf({
    resources: [
      cluster("one"),
      {
        ...{ type: "Microsoft.Resources/deployments", apiVersion: "2025-04-01", name: "inside" },
        properties: {
          ...{ expressionEvaluationOptions: { scope: "inner" }, mode: "Incremental" },
          parameters: { p: { value: "[listClusterUserCredential('one')]" } },
          template: {
            ...{ contentVersion: "1.0.0.0", parameters: { p: { type: "object" } }, resources: [] },
            outputs: { o: { type: "object", value: "[parameters('p')]" } },
          },
        },
      },
    ],
  });
  assert.deepEqual(plan.problems, []);
  const nested = plan.resources.find(({ nested: scope }) => scope !== undefined);
  assert.ok(nested !== undefined && nested.dependsOn.includes(`${GROUP}/providers/${CLUSTER}/one`));
  const inner = planNested(plan, nested, answersAll);
  assert.ok(inner.kind === "resolved");
  assert.deepEqual(resolveOutputs(inner.value.plan, answersAll), { kind: "resolved", value: { o: { type: "Object" } } });
  assert.ok(!JSON.stringify(inner.value.plan.parameters).includes(SECRET));
});
