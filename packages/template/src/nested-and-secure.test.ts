import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniqueString } from "./functions/unique-string.ts";
import type { JsonObject } from "./json-value.ts";
import { hideSecure, resolveOutputs } from "./resolve-plan.ts";
import { planNested, resolveResource } from "./plan-deployment.ts";
import type { ResolvedBody, TemplatePlan } from "./template-plan.ts";
import { cluster, id, planOf } from "./testing/plan-for-test.ts";

const SECRET = "s3cr3t-value";

test("what is secure is shown nowhere", () => {
  const plan = planOf(
    {
      parameters: {
        password: { type: "securestring" },
        keys: { type: "secureObject" },
        copy: { type: "string", defaultValue: "[parameters('password')]", allowedValues: [SECRET] },
        bad: { type: "string", defaultValue: "[parameters('password')]", maxLength: 2 },
      },
      variables: { derived: "[concat('x', parameters('password'))]" },
      resources: [
        cluster("a", {
          properties: {
            p: "[variables('derived')]",
            k: ["[parameters('keys').one]", "[deployment().properties.parameters]"],
            u: "[uniqueString(parameters('password'))]",
          },
        }),
        cluster("[parameters('password')]"),
      ],
      outputs: {
        o: { type: "string", value: "[variables('derived')]" },
        k: { type: "secureObject", value: "[parameters('keys')]" },
        u: { type: "string", value: "[uniqueString(parameters('password'))]" },
      },
    },
    { password: { value: SECRET }, keys: { value: { one: SECRET } } },
  );
  assert.equal(plan.problems.length, 2);
  const [resource] = plan.resources;
  assert.ok(resource !== undefined);
  assert.deepEqual(plan.parameters, { password: { type: "SecureString" }, keys: { type: "SecureObject" }, copy: { type: "String" } });
  assert.deepEqual((hideSecure(resource.body, resource.securePaths) as JsonObject)["properties"], {
    p: "*******",
    k: ["*******", {}],
    u: uniqueString([SECRET]),
  });
  assert.equal((resource.body["properties"] as JsonObject)["p"], `x${SECRET}`);
  const outputs = resolveOutputs(plan, () => undefined);
  const shown = JSON.stringify([plan.problems, plan.parameters, outputs, hideSecure(resource.body, resource.securePaths)]);
  assert.ok(!shown.includes(SECRET), shown);
  assert.deepEqual(outputs.kind === "resolved" && Object.keys(outputs.value), ["o", "k", "u"]);
});

const nestedOf = (scope: string, rest: JsonObject = {}): JsonObject => ({
  type: "Microsoft.Resources/deployments",
  apiVersion: "2025-04-01",
  name: "inside",
  properties: {
    expressionEvaluationOptions: { scope },
    mode: "Incremental",
    parameters: { which: { value: "[parameters('which')]" } },
    template: {
      contentVersion: "1.0.0.0",
      parameters: { which: { type: "string" } },
      variables: { v: "inner" },
      resources: [cluster("[concat(variables('v'), parameters('which'))]")],
      ...rest,
    },
  },
});

for (const [scope, name] of [
  ["inner", "innerX"],
  ["outer", "outerX"],
] as const)
  test(`a nested deployment with ${scope} scope`, () => {
    const plan = planOf({
      parameters: { which: { type: "string", defaultValue: "X" } },
      variables: { v: "outer" },
      resources: [nestedOf(scope)],
    });
    const [deployment] = plan.resources;
    assert.ok(deployment !== undefined && plan.problems.length === 0);
    assert.equal(deployment.nested, scope);
    const nested = planNested(plan, deployment, () => undefined);
    assert.ok(nested.kind === "resolved");
    assert.deepEqual(
      nested.value.plan.resources.map((one) => one.name),
      [name],
    );
  });

test("problems inside nested deployments are told with their place; a secret handed in stays one", () => {
  const plan = planOf({ parameters: { which: { type: "securestring", defaultValue: SECRET } }, resources: [nestedOf("inner")] });
  assert.deepEqual(
    plan.problems.map(({ path }) => path),
    ["resources[0].properties.template.resources[0]"],
  );
  assert.ok(!JSON.stringify(plan.problems).includes(SECRET));
});

test("a nested deployment waits for what its outer template's expressions ask for", () => {
  const inner = nestedOf("outer", { resources: [cluster("b", { properties: { x: "[reference('a').fqdn]" } })], parameters: {} });
  const plan = planOf({
    parameters: { which: { type: "string", defaultValue: "X" } },
    resources: [cluster("a"), { ...inner, properties: { ...(inner["properties"] as JsonObject), parameters: {} } }],
  });
  assert.deepEqual(plan.problems, []);
  assert.deepEqual(plan.resources[1]?.dependsOn, [id("a")]);
});

/** The plan of what is sent of a nested deployment around one cluster with these tags, whose expressions are the outer template's. */
function sentAround(tags: JsonObject, [parameters, given]: readonly [JsonObject, JsonObject]): { sent: ResolvedBody; plan: TemplatePlan } {
  const template = { contentVersion: "1.0.0.0", resources: [cluster("a", { tags })], outputs: { tags: { type: "object", value: tags } } };
  const deployments = [{ type: "Microsoft.Resources/deployments", apiVersion: "1", name: "out", properties: { template } }];
  const plan = planOf({ parameters, resources: deployments }, given);
  const [deployment] = plan.resources;
  assert.ok(deployment !== undefined, JSON.stringify(plan.problems));
  const sent = resolveResource(plan, deployment, () => undefined);
  const nested = planNested(plan, deployment, () => undefined);
  assert.ok(sent.kind === "resolved" && nested.kind === "resolved");
  return { sent: sent.value, plan: nested.value.plan };
}

test("a nested template is sent with values in place of the outer template's expressions, whatever they are", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom("[x]", "[[x]", "[[[x]", "[", "[]", "]", "[concat('a')]", "[[x"));
  const value = fc.oneof(text, fc.array(text, { maxLength: 2 }), fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }));
  fc.assert(
    fc.property(value, (given) => {
      const { plan } = sentAround({ is: "[parameters('p').v]" }, [{ p: { type: "object" } }, { p: { value: { v: given } } }]);
      assert.deepEqual(plan.problems, []);
      assert.deepEqual(plan.resources[0]?.body["tags"], { is: JSON.parse(JSON.stringify(given)) });
    }),
    { numRuns: 200 },
  );
});

test("what a nested template is made of secrets goes as secret parameters, and is a secret there", () => {
  const parameters = { pw: { type: "securestring" }, plain: { type: "string" } };
  const given = { pw: { value: SECRET }, plain: { value: "shown" } };
  const { sent, plan } = sentAround({ s: "[concat('x', parameters('pw'))]", p: "[parameters('plain')]" }, [parameters, given]);
  assert.ok(!JSON.stringify(hideSecure(sent.body, sent.securePaths)).includes(SECRET));
  assert.ok(!JSON.stringify((sent.body["properties"] as JsonObject)["template"]).includes(SECRET));
  assert.deepEqual(plan.resources[0]?.body["tags"], { s: `x${SECRET}`, p: "shown" });
  assert.deepEqual(plan.resources[0]?.securePaths, [["tags", "s"]]);
});

test("a nested deployment has the name of none that it is in, at any depth; one that is not deployed may", () => {
  const deployment = (name: string, inside: readonly JsonObject[], rest: JsonObject = {}): JsonObject => ({
    ...{ type: "Microsoft.Resources/deployments", apiVersion: "2025-04-01", name, ...rest },
    properties: {
      mode: "Incremental",
      expressionEvaluationOptions: { scope: "inner" },
      template: {
        $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        contentVersion: "1.0.0.0",
        resources: inside,
      },
    },
  });
  const refusals = (...resources: JsonObject[]): string[] =>
    planOf({ resources }).problems.map(({ message, path }) => `${path}: ${/'[^']*' has the name/.exec(message)?.[0]}`);
  const below = "resources[0].properties.template.resources[0]";
  assert.deepEqual(refusals(deployment("DEPLOY1", [])), ["resources[0]: 'DEPLOY1' has the name"]);
  assert.deepEqual(refusals(deployment("a", [deployment("A", [])])), [`${below}: 'A' has the name`]);
  assert.deepEqual(refusals(deployment("a", [deployment("deploy1", [])])), [`${below}: 'deploy1' has the name`]);
  assert.deepEqual(refusals(deployment("a", [deployment("a", [], { condition: false })]), deployment("b", [])), []);
});
