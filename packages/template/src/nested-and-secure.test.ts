import assert from "node:assert/strict";
import { test } from "node:test";
import { uniqueString } from "./functions/unique-string.ts";
import type { JsonObject } from "./json-value.ts";
import { hideSecure, resolveOutputs } from "./resolve-plan.ts";
import { planNested } from "./plan-deployment.ts";
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
