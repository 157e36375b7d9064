import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { planTemplate, resolveResource } from "./plan-deployment.ts";
import { EVALUATION_STEPS_MAX } from "./limits.ts";
import { resolveOutputs } from "./resolve-plan.ts";
import { inputOf, planOf } from "./testing/plan-for-test.ts";

const resource = (properties: JsonValue, rest: JsonObject = {}): JsonObject => ({
  type: "A.B/c",
  apiVersion: "1",
  name: "n",
  properties,
  ...rest,
});
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
/** Each variable twice the one before. */
const doubled = (first: JsonValue, twice: (before: string) => string): JsonObject =>
  Object.fromEntries(numbers(200).map((index) => [`v${index}`, index === 0 ? first : `[${twice(`variables('v${index - 1}')`)}]`]));

const bombs: Readonly<Record<string, readonly [Readonly<Record<string, JsonValue>>, RegExp]>> = {
  "loops in loops": [
    {
      resources: [
        resource(
          {
            copy: [
              {
                name: "a",
                count: 800,
                input: { copy: [{ name: "b", count: 800, input: { copy: [{ name: "c", count: 800, input: "[copyIndex('c')]" }] } }] },
              },
            ],
          },
          { name: "[concat('n', copyIndex())]", copy: { name: "r", count: 800 } },
        ),
      ],
    },
    /too expensive/,
  ],
  "strings that double": [{ variables: doubled("xxxxxxxx", (v) => `concat(${v}, ${v})`) }, /more than 4194304 characters/],
  "arrays that double": [{ variables: doubled([1, 2, 3, 4], (v) => `concat(${v}, ${v})`) }, /more than 16777216 bytes|too expensive/],
  "arrays of the same array twice": [{ variables: doubled("x", (v) => `createArray(${v}, ${v})`) }, /more than 16777216 bytes|brackets/],
  "data URIs of data URIs": [{ variables: doubled("xxxxxxxx", (v) => `dataUri(dataUri(${v}))`) }, /more than 4194304 characters/],
  "the same long data URI read again and again": [
    {
      variables: {
        long: "[dataUri(padLeft('', 3000000, 'x'))]",
        x: "[map(range(0, 10000), lambda('i', length(dataUriToString(variables('long')))))]",
      },
    },
    /too expensive/,
  ],
  "subnets of every index in loops": [
    {
      variables: {
        x: "[map(range(0, 10000), lambda('i', map(range(0, 10000), lambda('k', cidrSubnet('fd00::/8', 100, add(lambdaVariables('i'), lambdaVariables('k')))))))]",
      },
    },
    /too expensive/,
  ],
  "a range as long as a string may be": [{ variables: { x: "[parseCidr(padLeft('/8', 4194304, ':'))]" } }, /in CIDR notation/],
  "text of JSON that doubles": [
    { variables: doubled("[[1]", (v) => `string(createArray(json(${v}), json(${v})))`) },
    /more than|too expensive/,
  ],
  "replacing that squares": [{ variables: doubled("aaaaaaaa", (v) => `replace(${v}, 'a', ${v})`) }, /more than 4194304 characters/],
  "joining that squares": [{ variables: doubled("aaaaaaaa", (v) => `join(range(0, 10000), ${v})`) }, /more than 4194304 characters/],
  "formats that double": [{ variables: doubled("aaaaaaaa", (v) => `format('{0}{0}', ${v})`) }, /more than 4194304 characters/],
  "long strings again and again": [
    { variables: Object.fromEntries(numbers(256).map((index) => [`v${index}`, "[toUpper(padLeft('', 4194304, 'x'))]"])) },
    /too expensive/,
  ],
  "variables that need each other": [{ variables: { a: "[variables('b')]", b: "[variables('a')]" } }, /refers to itself/],
  "a long chain of variables": [
    {
      variables: Object.fromEntries(
        numbers(256).map((index) => [
          `v${index}`,
          index === 255 ? 1 : { x: [[[[[[`[concat(createArray(variables('v${index + 1}')))]`]]]]]] },
        ]),
      ),
    },
    /calls and brackets are within each other/,
  ],
  "functions that call themselves": [
    {
      functions: [{ namespace: "a", members: { b: { parameters: [], output: { type: "int", value: "[add(a.b(), a.b())]" } } } }],
      variables: { x: "[a.b()]" },
    },
    /calls and brackets are within each other/,
  ],
  "lambdas in lambdas": [
    {
      variables: {
        x: `[${numbers(4).reduce((inner, level) => `map(range(0, 10000), lambda('x${level}', ${inner}))`, "1")}]`,
      },
    },
    /too expensive/,
  ],
  "a lambda that makes large values": [
    { variables: { x: "[map(range(0, 10000), lambda('x', range(0, 10000)))]" } },
    /more than 16777216 bytes|too expensive/,
  ],
  "an object whose values are all large": [
    { variables: { x: "[toObject(range(0, 10000), lambda('x', string(lambdaVariables('x'))), lambda('x', padLeft('', 4000, 'x')))]" } },
    /more than 16777216 bytes|too expensive/,
  ],
  "reducing that doubles": [
    { variables: { x: "[reduce(range(0, 10000), 'xx', lambda('a', 'b', concat(lambdaVariables('a'), lambdaVariables('a'))))]" } },
    /more than 4194304 characters/,
  ],
  "sorting that compares dearly": [
    {
      variables: {
        x: "[sort(range(0, 10000), lambda('a', 'b', equals(range(0, 10000), range(lambdaVariables('a'), 10000))))]",
      },
    },
    /too expensive/,
  ],
  "lambdas that need a variable that needs them": [
    { variables: { x: "[map(createArray(1), lambda('y', variables('x')))]" } },
    /refers to itself/,
  ],
  "deep JSON in a text": [{ variables: { x: `[json('${"[".repeat(100_000)}')]` } }, /at most 24576|brackets/],
  "a deep template": [{ variables: { x: numbers(1000).reduce<JsonValue>((inner) => [inner], 1) } }, /more than 128 brackets/],
  "nested deployments with loops in each": [
    {
      resources: [
        numbers(8).reduce<JsonObject>(
          (inner) => ({
            type: "Microsoft.Resources/deployments",
            apiVersion: "1",
            name: "[concat('n', copyIndex())]",
            copy: { name: "x", count: 800 },
            properties: { expressionEvaluationOptions: { scope: "inner" }, template: { contentVersion: "1.0.0.0", resources: [inner] } },
          }),
          resource({}),
        ),
      ],
    },
    /too expensive/,
  ],
};

for (const [what, [parts, says]] of Object.entries(bombs))
  test(`${what}: refused within what a plan may cost`, () => {
    const plan = planOf(parts);
    assert.ok(
      plan.problems.some(({ code, message }) => code === "InvalidTemplate" && says.test(message)),
      JSON.stringify(plan.problems.slice(0, 3)),
    );
    // what was begun when the budget ended is the only thing beyond it, and no single thing costs more than its whole size
    assert.ok(plan.context.budget.steps > -EVALUATION_STEPS_MAX / 5, String(plan.context.budget.steps));
  });

test("run time is bounded as planning is", () => {
  const plan = planOf({
    resources: [
      resource({
        a: "[reference('/x', '1').a]",
        copy: [
          {
            name: "l",
            count: 800,
            input: { copy: [{ name: "m", count: 800, input: { copy: [{ name: "o", count: 800, input: "[reference('/x', '1').a]" }] } }] },
          },
        ],
      }),
    ],
  });
  assert.match(plan.problems[0]?.message ?? "", /too expensive/);
});

const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom(
    "[parameters('a')]",
    "[variables('a')]",
    "[reference('n')]",
    "[reference('n').x[copyIndex()]]",
    "[concat(variables('a'), copyIndex('a'))]",
    "[",
    "[[]",
    "[]",
    "n",
    "A.B/c",
    "[json('{}')]",
    "[map(parameters('a'), lambda('x', lambdaVariables('x')))]",
    "[reduce(variables('a'), 1, lambda('a', 'b', reference(lambdaVariables('b'))))]",
    "[utcNow()]",
    "inner",
    "__proto__",
  ),
);
const anything = fc.letrec<{ value: JsonValue; section: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    text,
    fc.integer({ min: -2, max: 3 }),
    fc.constantFrom(null, true, false, 1.5),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        "type",
        "name",
        "apiVersion",
        "properties",
        "copy",
        "count",
        "input",
        "dependsOn",
        "condition",
        "a",
        "value",
        "defaultValue",
        "resources",
        "template",
        "__proto__",
        "existing",
        "mode",
        "[copyIndex()]",
        "allowedValues",
        "minLength",
        "outputs",
        "parameters",
        "scope",
        "members",
        "namespace",
        "output",
        "$ref",
      ),
      tie("value"),
      { maxKeys: 6 },
    ),
  ),
  section: tie("value"),
})).value;

test("any JSON is planned, and anything planned is resolved, without an exception", () => {
  const template = fc.record(
    {
      contentVersion: fc.constantFrom("1.0.0.0", 1),
      languageVersion: fc.constantFrom("2.0", null),
      parameters: fc.oneof(
        anything,
        fc.record({
          a: fc.record(
            { type: fc.constantFrom("string", "object", "array", "securestring", "int"), defaultValue: anything },
            { requiredKeys: ["type"] },
          ),
        }),
      ),
      variables: anything,
      functions: anything,
      resources: fc.oneof(
        anything,
        fc.array(
          fc.record(
            {
              type: fc.constantFrom("A.B/c", "Microsoft.Resources/deployments", "A.B/c/d"),
              name: text,
              apiVersion: fc.constant("1"),
              properties: anything,
              copy: anything,
              dependsOn: anything,
              condition: anything,
              resources: anything,
            },
            { requiredKeys: ["type", "name", "apiVersion"] },
          ),
          { maxLength: 3 },
        ),
      ),
      outputs: fc.oneof(
        anything,
        fc.record({
          a: fc.record(
            { type: fc.constantFrom("string", "array"), value: anything, copy: anything, condition: anything },
            { requiredKeys: ["type"] },
          ),
        }),
      ),
    },
    { requiredKeys: ["contentVersion"] },
  );
  fc.assert(
    fc.property(fc.oneof(template, anything), anything, anything, (given, parameters, state) => {
      // as JSON.parse would give it
      const plan = planTemplate(
        inputOf(JSON.parse(JSON.stringify(given)) as JsonValue, JSON.parse(JSON.stringify(parameters)) as JsonValue),
      );
      const known = (): JsonObject => ({ properties: state });
      for (const planned of plan.resources) {
        const resolved = resolveResource(plan, planned, known);
        assert.notEqual(resolved.kind, "needs");
      }
      assert.notEqual(resolveOutputs(plan, known).kind, "needs");
      for (const { code, message } of plan.problems)
        assert.ok(code !== "InvalidTemplate" || message.startsWith("Deployment template validation failed: '"));
    }),
    { numRuns: 2000 },
  );
});

test("the same template gives the same plan", () => {
  const parts = { resources: [resource({ x: "[uniqueString(resourceGroup().id)]" })] };
  const told = ({ problems, resources, parameters, templateHash }: ReturnType<typeof planOf>): unknown => ({
    problems,
    resources,
    parameters,
    templateHash,
  });
  assert.deepEqual(told(planOf(parts)), told(planOf(parts)));
});
