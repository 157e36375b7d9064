import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { resolveOutputs } from "./resolve-plan.ts";
import { planTemplate, resolveResource } from "./plan-deployment.ts";
import type { KnownReferences, TemplatePlan } from "./template-plan.ts";
import { CLUSTER, cluster, GROUP, id, inputOf, lines, planOf } from "./testing/plan-for-test.ts";

const see = "Please see https://aka.ms/arm-";

type Case = { readonly parts: { readonly [member: string]: JsonValue }; readonly parameters?: JsonValue; readonly plan: readonly string[] };

const failed = (path: string, what: string): string => `InvalidTemplate ${path}: Deployment template validation failed: '${what}'.`;

/** Template in, plan out: a resource or problem a line. */
const cases: Readonly<Record<string, Case>> = {
  "dependencies by name, id, type and name, and by reference": {
    parts: {
      resources: [
        cluster("d", { properties: { x: "[reference('c').fqdn]" } }),
        cluster("c", { dependsOn: ["b"] }),
        cluster("b", { dependsOn: [`[resourceId('${CLUSTER}', 'a')]`, `${CLUSTER}/a`] }),
        cluster("a"),
      ],
    },
    plan: [
      `${CLUSTER}/a @2026-04-01`,
      `${CLUSTER}/b @2026-04-01 after ${CLUSTER}/a`,
      `${CLUSTER}/c @2026-04-01 after ${CLUSTER}/b`,
      `${CLUSTER}/d @2026-04-01 after ${CLUSTER}/c`,
    ],
  },
  "a cycle is named": {
    parts: { resources: [cluster("a", { dependsOn: ["b"] }), cluster("b", { properties: { x: "[reference('a').y]" } })] },
    plan: [
      `${CLUSTER}/a @2026-04-01 after ${CLUSTER}/b`,
      `${CLUSTER}/b @2026-04-01 after ${CLUSTER}/a`,
      failed(
        "resources[0]",
        `Circular dependency detected on resource: '${id("a")}': ${id("a")} -> ${id("b")} -> ${id("a")}. ${see}syntax-resources for usage details.`,
      ),
    ],
  },
  "a loop in parallel, and one in batches": {
    parts: {
      resources: [
        cluster("[concat('p', copyIndex(1))]", { copy: { name: "all", count: 2 } }),
        cluster("[concat('s', copyIndex('batch'))]", {
          copy: { name: "batch", count: "[add(1, 2)]", mode: "serial", batchSize: 2 },
          dependsOn: ["all"],
        }),
      ],
    },
    plan: [
      `${CLUSTER}/p1 @2026-04-01`,
      `${CLUSTER}/p2 @2026-04-01`,
      `${CLUSTER}/s0 @2026-04-01 after ${CLUSTER}/p1, ${CLUSTER}/p2`,
      `${CLUSTER}/s1 @2026-04-01 after ${CLUSTER}/p1, ${CLUSTER}/p2`,
      `${CLUSTER}/s2 @2026-04-01 after ${CLUSTER}/s0, ${CLUSTER}/s1, ${CLUSTER}/p1, ${CLUSTER}/p2`,
    ],
  },
  "conditions, and two that exclude each other": {
    parts: {
      parameters: { on: { type: "bool" } },
      resources: [
        cluster("a", { condition: "[parameters('on')]" }),
        cluster("a", { condition: "[not(parameters('ON'))]", apiVersion: "2026-07-01" }),
        cluster("b", { condition: false, properties: { x: "[nosuch()]" } }),
      ],
    },
    parameters: { on: { value: false } },
    plan: [`${CLUSTER}/a @2026-07-01`, `${CLUSTER}/b @2026-04-01 (not deployed)`],
  },
  "children within their parent wait for it": {
    parts: { resources: [cluster("c", { resources: [{ type: "agentPools", apiVersion: "2026-04-01", name: "p" }] })] },
    plan: [`${CLUSTER}/c @2026-04-01`, `${CLUSTER}/c/agentPools/p @2026-04-01 after ${CLUSTER}/c`],
  },
  "symbolic names, existing resources and loops of them": {
    parts: {
      languageVersion: "2.0",
      resources: {
        hub: { existing: true, type: CLUSTER, apiVersion: "2026-04-01", name: "hub" },
        spokes: cluster("[format('s{0}', copyIndex())]", {
          copy: { name: "loop", count: 2 },
          properties: { x: "[reference('hub').fqdn]", y: "[resourceInfo('hub').id]" },
        }),
        last: cluster("last", { dependsOn: ["spokes", "hub"], properties: { z: "[reference('spokes[1]').fqdn]" } }),
      },
    },
    plan: [
      `${CLUSTER}/hub @2026-04-01 (existing)`,
      `${CLUSTER}/s0 @2026-04-01`,
      `${CLUSTER}/s1 @2026-04-01`,
      `${CLUSTER}/last @2026-04-01 after ${CLUSTER}/s0, ${CLUSTER}/s1, ${CLUSTER}/hub`,
    ],
  },
  "everything wrong is told at once": {
    parts: {
      parameters: {
        size: { type: "int", maxValue: 3 },
        kind: { type: "string", allowedValues: ["a", "b"] },
        missing: { type: "string" },
        odd: { type: "number" },
      },
      variables: { broken: "[nosuch()]", uses: "[variables('broken')]" },
      resources: [
        cluster("a", { dependsOn: ["zz"], properties: { one: "[toLower(1)]", two: ["[add(1)]"], three: "[variables('broken')]" } }),
        { type: CLUSTER, name: "a/b", apiVersion: "1" },
      ],
      outputs: { o: { type: "string", value: "[parameters('nope')]" } },
    },
    parameters: { size: { value: 4 }, kind: { value: "c" }, other: { value: 1 } },
    plan: [
      `${CLUSTER}/a @2026-04-01`,
      failed(
        "parameters.missing",
        `The value for the template parameter 'missing' is not provided. ${see}create-parameter-file for usage details.`,
      ),
      failed(
        "parameters.odd",
        `The template parameter 'odd' has no valid type: array, bool, int, object, secureObject, securestring and string are known. ${see}syntax-parameters for usage details.`,
      ),
      failed(
        "parameters",
        `The template parameters 'other' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are 'size, kind, missing'. ${see}pass-parameter-values for usage details.`,
      ),
      failed(
        "parameters.size",
        `The provided value '4' for the template parameter 'size' is not valid. The value must be less than or equal to '3'. ${see}syntax-parameters for usage details.`,
      ),
      failed(
        "parameters.kind",
        "The provided value 'c' for the template parameter 'kind' is not valid. The parameter value is not part of the allowed value(s): 'a,b'.",
      ),
      failed("variables.broken", `The template function "nosuch" is not valid. ${see}function-reference for usage details.`),
      failed(
        "resources[1]",
        `The template resource 'a/b' for type '${CLUSTER}' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. ${see}syntax-resources for usage details.`,
      ),
      failed(
        "resources[0].properties.one",
        `The template language function "toLower" expects its parameter 1 to be of type String. The provided value is of type Integer. ${see}functions/#tolower for usage details.`,
      ),
      failed(
        "resources[0].properties.two[0]",
        `The template language function "add" has an invalid number of arguments: 1; it takes 2. ${see}functions/#add for usage details.`,
      ),
      failed("resources[0].dependsOn[0]", `The resource 'zz' is not defined in the template. ${see}syntax for usage details.`),
      failed("outputs.o.value", `The template parameter 'nope' is not found. ${see}template/#parameters for usage details.`),
    ],
  },
  "the same twice, and a type that cannot be deployed": {
    parts: { resources: [cluster("a"), cluster("A")] },
    plan: [
      `${CLUSTER}/a @2026-04-01`,
      failed(
        "resources[1]",
        `The resource '${id("A")}' is defined multiple times in a template. ${see}syntax-resources for usage details.`,
      ),
    ],
  },
  "values of parameters that are null or come from a key vault": {
    parts: {
      parameters: { a: { type: "string" }, b: { type: "securestring" }, c: { type: "string", nullable: true }, d: { type: "string" } },
    },
    parameters: {
      a: { value: null },
      b: { reference: { keyVault: { id: "x" }, secretName: "y" } },
      c: { value: null },
      d: { value: "v", reference: { keyVault: { id: "x" }, secretName: "y" } },
    },
    plan: [
      `InvalidDeploymentParameterValue parameters.a: The value of deployment parameter 'a' is null. Please specify the value. ${see}create-parameter-file for usage details.`,
      ...["b", "d"].map(
        (name) =>
          `InvalidDeploymentParameterValue parameters.${name}: The deployment parameter '${name}' refers to a secret of a key vault, and key vaults are not read here. Read the secret yourself and send it as 'value' of a parameter of type securestring or secureObject, which is kept nowhere. ${see}create-parameter-file for usage details.`,
      ),
    ],
  },
  "too many resources": {
    parts: { resources: [cluster("[concat('a', copyIndex())]", { copy: { name: "x", count: 800 } }), cluster("b")] },
    plan: [failed("resources", `The number of template resources limit exceeded. Limit: '800'. ${see}deploy-limits for usage details.`)],
  },
  "too many rounds, and a loop of which nothing is right": {
    parts: {
      resources: [cluster("a", { copy: { name: "x", count: 801 } }), cluster("b", { copy: { name: "x", count: "[reference('a').n]" } })],
    },
    plan: [
      failed(
        "resources[0]",
        `The template 'copy' definition has an invalid value: count must be an integer between 0 and 800. ${see}copy for usage details.`,
      ),
      failed(
        "resources[1]",
        `The template language function "reference" is not expected at this location. It can only be used in the properties of a resource and in outputs. ${see}functions/#reference for usage details.`,
      ),
    ],
  },
};

for (const [what, { parts, parameters, plan }] of Object.entries(cases))
  test(what, () => assert.deepEqual(lines(planOf(parts, parameters)), plan));

test("what no address can have is refused, in names and where references are asked for", () => {
  const never = [".", "..", `[json('"\\u0000"')]`, "[substring('\u{1f600}', 0, 1)]"];
  const plan = planOf({
    resources: [cluster("..."), ...never.map((name) => cluster(name)), { ...cluster("v"), apiVersion: never[3] ?? "" }],
    outputs: Object.fromEntries(
      ["/a/../b", `[concat('/a', ${never[3]?.slice(1, -1)})]`].map((of, at) => [
        `o${at}`,
        { type: "object", value: `[reference(${of.startsWith("[") ? of.slice(1, -1) : `'${of}'`}, '2026-04-01')]` },
      ]),
    ),
  });
  assert.deepEqual(
    plan.problems.map(({ path }) => path),
    ["resources[1]", "resources[2]", "resources[3]", "resources[4]", "resources[5]", "outputs.o0.value", "outputs.o1.value"],
  );
});

test("another group or subscription is named by what is existing, and refused for what would be made in the own one", () => {
  const other = { subscriptionId: "00000000-0000-0000-0000-000000000002", resourceGroup: "rg2" };
  for (const [member, value] of Object.entries(other)) {
    const [problem] = planOf({ resources: [cluster("c", { [member]: value })] }).problems;
    assert.match(problem?.message ?? "", new RegExp(`cannot have '${member}': .* to the group that it is meant for`));
  }
  const hub = { existing: true, type: CLUSTER, apiVersion: "2026-04-01", name: "hub" };
  const plan = planOf({
    languageVersion: "2.0",
    resources: { near: { ...hub, resourceGroup: "rg2" }, far: { ...hub, ...other } },
  });
  assert.deepEqual(plan.problems, []);
  assert.deepEqual(
    plan.resources.map((resource) => resource.id),
    [GROUP.replace("rg1", "rg2"), GROUP.replace("rg1", "rg2").replace("0001/", "0002/")].map(
      (group) => `${group}/providers/${CLUSTER}/hub`,
    ),
  );
});

test("types that are not known are refused, nested deployments are not", () => {
  const nested = {
    type: "Microsoft.Resources/deployments",
    apiVersion: "2025-04-01",
    name: "in",
    properties: { mode: "Incremental", template: { contentVersion: "1.0.0.0", resources: [] } },
  };
  const plan = planTemplate({
    ...inputOf({ contentVersion: "1.0.0.0", resources: [cluster("a"), nested, { type: "X.Y/z", apiVersion: "1", name: "n" }] }),
    resourceTypes: [CLUSTER.toUpperCase()],
  });
  assert.deepEqual(
    plan.problems.map(({ path }) => path),
    ["resources[2]"],
  );
});

function bodyOf(plan: TemplatePlan, at = 0): JsonObject {
  assert.deepEqual(plan.problems, []);
  return plan.resources[at]?.body ?? {};
}

test("the body: expressions in values and names, loops, escapes; nothing that is not sent", () => {
  const plan = planOf({
    parameters: { tags: { type: "object", defaultValue: { a: "b" } } },
    variables: { pools: ["x", "y"], copy: [{ name: "squares", count: 3, input: "[mul(copyIndex('squares'), copyIndex('squares'))]" }] },
    resources: [
      cluster("c", {
        comments: "for people",
        tags: "[union(parameters('tags'), createObject('c', 'd'))]",
        identity: { type: "UserAssigned", userAssignedIdentities: { "[concat('/id/', variables('pools')[0])]": {} } },
        properties: {
          literal: "[[not an expression]",
          squares: "[variables('squares')]",
          copy: [
            {
              name: "agentPoolProfiles",
              count: "[length(variables('pools'))]",
              input: { name: "[variables('pools')[copyIndex('agentPoolProfiles')]]", count: 1 },
            },
          ],
        },
      }),
    ],
  });
  assert.deepEqual(bodyOf(plan), {
    location: "westeurope",
    tags: { a: "b", c: "d" },
    identity: { type: "UserAssigned", userAssignedIdentities: { "/id/x": {} } },
    properties: {
      literal: "[not an expression]",
      squares: [0, 1, 4],
      agentPoolProfiles: [
        { name: "x", count: 1 },
        { name: "y", count: 1 },
      ],
    },
  });
});

test("functions of the template's own", () => {
  const functions = [
    {
      namespace: "contoso",
      members: {
        full: { parameters: [{ name: "a", type: "string" }], output: { type: "string", value: "[concat(parameters('a'), '!')]" } },
      },
    },
  ];
  assert.deepEqual(bodyOf(planOf({ functions, resources: [cluster("c", { properties: { x: "[contoso.full('y')]" } })] }))["properties"], {
    x: "y!",
  });
  const [problem] = planOf({ functions, resources: [cluster("c", { properties: { x: "[contoso.full()]" } })] }).problems;
  assert.match(problem?.message ?? "", /takes 1 arguments; 0 are given/);
});

const state =
  (known: Readonly<Record<string, JsonObject>>): KnownReferences =>
  (need) =>
    known[need.id];

test("bodies and outputs at run time: what is needed is told until all is known", () => {
  const plan = planOf({
    resources: [
      cluster("a"),
      cluster("b", {
        properties: {
          host: "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'a')).fqdn]",
          other: "[reference(reference('a').next, '2026-04-01', 'Full').location]",
          plain: 1,
        },
      }),
    ],
    outputs: {
      host: { type: "string", value: "[reference('b').host]" },
      off: { condition: false, type: "string", value: "[reference('a').nothing]" },
      all: { type: "array", copy: { count: 2, input: "[concat(reference('a').fqdn, copyIndex())]" } },
    },
  });
  const [a, b] = plan.resources;
  assert.ok(a !== undefined && b !== undefined && plan.problems.length === 0);
  assert.equal(b.deferred, true);
  assert.deepEqual(b.dependsOn, [a.id]);
  assert.equal((b.body["properties"] as JsonObject)["plain"], 1);
  assert.deepEqual(resolveResource(plan, b, state({})), { kind: "needs", references: [{ id: id("a"), apiVersion: "2026-04-01" }] });
  const next = `${GROUP}/providers/X.Y/z/n`;
  const first = { [id("a")]: { properties: { fqdn: "f", next } } };
  assert.deepEqual(resolveResource(plan, b, state(first)), { kind: "needs", references: [{ id: next, apiVersion: "2026-04-01" }] });
  const second = { ...first, [next]: { location: "north", properties: {} } };
  assert.deepEqual(resolveResource(plan, b, state(second)), {
    kind: "resolved",
    value: { body: { location: "westeurope", properties: { host: "f", other: "north", plain: 1 } }, securePaths: [] },
  });
  assert.deepEqual(resolveOutputs(plan, state(second)), { kind: "needs", references: [{ id: id("b"), apiVersion: "2026-04-01" }] });
  assert.deepEqual(resolveOutputs(plan, state({ ...second, [id("b")]: { properties: { host: "h" } } })), {
    kind: "resolved",
    value: { host: { type: "String", value: "h" }, all: { type: "Array", value: ["f0", "f1"] } },
  });
  const refused = resolveResource(plan, b, state({ [id("a")]: { properties: {} } }));
  assert.match(
    refused.kind === "refused" ? (refused.problems[0]?.message ?? "") : "",
    /Unable to process template language expressions for resource '.*managedClusters\/b'\. The language expression property 'fqdn' doesn't exist/,
  );
});

test("of an if only the branch that is taken makes a dependency", () => {
  const plan = planOf({
    resources: [cluster("a"), cluster("b"), cluster("c", { properties: { x: "[if(true(), reference('a').x, reference('b').x)]" } })],
  });
  assert.deepEqual(plan.resources.find(({ name }) => name === "c")?.dependsOn, [id("a")]);
});

test("the hash of a template is that of its JSON, without regard to case", () => {
  const hash = (name: string): string => planOf({ resources: [cluster(name)] }).templateHash;
  assert.equal(hash("abc"), hash("ABC"));
  assert.notEqual(hash("abc"), hash("abd"));
  assert.match(hash("abc"), /^\d{15,20}$/);
});

test("loops have as many rounds as their count says, each with its index", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 5 }), (count, batchSize) => {
      const { resources, problems } = planOf({
        resources: [cluster("[string(copyIndex())]", { copy: { name: "x", count, mode: "serial", batchSize } })],
      });
      assert.deepEqual(problems, []);
      assert.deepEqual(
        resources.map(({ name }) => Number(name)).sort((a, b) => a - b),
        Array.from({ length: count }, (_, index) => index),
      );
      for (const { copy, dependsOn } of resources) assert.equal(dependsOn.length, (copy?.index ?? 0) < batchSize ? 0 : batchSize);
    }),
  );
});
