import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { resolveResource } from "./plan-deployment.ts";
import { cluster, id, planOf } from "./testing/plan-for-test.ts";

const dogs = [
  { name: "Evie", age: 5, interests: ["Ball", "Frisbee"] },
  { name: "Casper", age: 3, interests: ["Other dogs"] },
  { name: "Indy", age: 2, interests: ["Butter"] },
  { name: "Kira", age: 8, interests: ["Rubs"] },
] as const;

/** What an expression gives where `dogs` is a variable and `numbers` another, or the problem. */
function evaluate(expression: string, numbers: readonly number[] = []): JsonValue {
  const { resources, problems } = planOf({
    variables: { dogs, numbers, x: `[${expression}]` },
    functions: [
      {
        namespace: "own",
        members: {
          twice: { parameters: [{ name: "n", type: "int" }], output: { type: "int", value: "[mul(parameters('n'), 2)]" } },
          peeks: { parameters: [], output: { type: "int", value: "[lambdaVariables('n')]" } },
        },
      },
    ],
    resources: [{ type: "A.B/c", apiVersion: "1", name: "n", properties: { is: "[variables('x')]" } }],
  });
  const [problem] = problems;
  if (problem !== undefined) throw new Error(problem.message);
  const properties = resources[0]?.body["properties"] as { is: JsonValue };
  return properties.is;
}

// examples of "Lambda functions for ARM templates" (learn.microsoft.com), and what Bicep compiles to
const answers: readonly (readonly [string, JsonValue])[] = [
  [
    "map(filter(variables('dogs'), lambda('dog', greaterOrEquals(lambdaVariables('dog').age, 5))), lambda('d', lambdaVariables('d').name))",
    ["Evie", "Kira"],
  ],
  [
    "map(filter(variables('dogs'), lambda('val', 'i', and(less(lambdaVariables('i'), 2), equals(substring(lambdaVariables('val').name, 0, 1), 'C')))), lambda('d', lambdaVariables('D').name))",
    ["Casper"],
  ],
  ["filter(range(0, 10), lambda('i', greater(lambdaVariables('i'), 5)))", [6, 7, 8, 9]],
  ["map(range(0, 3), lambda('i', lambdaVariables('i')))", [0, 1, 2]],
  ["map(createArray('a', 'b'), lambda('x', 'i', format('{0}{1}', lambdaVariables('i'), lambdaVariables('x'))))", ["0a", "1b"]],
  [
    "reduce(map(variables('dogs'), lambda('d', lambdaVariables('d').age)), 0, lambda('cur', 'next', add(lambdaVariables('cur'), lambdaVariables('next'))))",
    18,
  ],
  [
    "reduce(createArray(5, 5, 5), 0, lambda('cur', 'next', 'i', add(lambdaVariables('cur'), mul(lambdaVariables('next'), lambdaVariables('i')))))",
    15,
  ],
  ["reduce(createArray(), 'none', lambda('a', 'b', fails()))", "none"],
  [
    "map(sort(variables('dogs'), lambda('a', 'b', less(lambdaVariables('a').age, lambdaVariables('b').age))), lambda('d', lambdaVariables('d').name))",
    ["Indy", "Casper", "Evie", "Kira"],
  ],
  [
    "toObject(take(variables('dogs'), 2), lambda('d', lambdaVariables('d').name), lambda('d', lambdaVariables('d').age))",
    { Evie: 5, Casper: 3 },
  ],
  ["toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')))", { a: "a", b: "b" }],
  ["groupBy(createArray('foo', 'bar', 'baz'), lambda('x', substring(lambdaVariables('x'), 0, 1)))", { f: ["foo"], b: ["bar", "baz"] }],
  ["mapValues(createObject('foo', 'foo', 'Bar', 'b'), lambda('v', toUpper(lambdaVariables('v'))))", { foo: "FOO", Bar: "B" }],
  ["map(createArray(1, 2), lambda('x', map(createArray(10), lambda('y', add(lambdaVariables('x'), lambdaVariables('y'))))))", [[11], [12]]],
  ["map(createArray(1), lambda('x', map(createArray(2), lambda('x', lambdaVariables('x')))))", [[2]]],
  ["map(createArray(1, 2), lambda('n', own.twice(lambdaVariables('n'))))", [2, 4]],
  ["map(createArray(0, 2), lambda('n', if(equals(lambdaVariables('n'), 0), 'none', div(4, lambdaVariables('n')))))", ["none", 2]],
];
for (const [expression, answer] of answers)
  test(`${expression} gives ${JSON.stringify(answer)}`, () => assert.deepEqual(evaluate(expression), answer));

const refusals: readonly (readonly [string, string])[] = [
  ["map(createArray(1), 'x')", "expects its parameter 2 to be a lambda function"],
  ["map(createArray(1))", "has an invalid number of arguments: 1; it takes 2"],
  ["map('abc', lambda('x', 1))", '"map" expects its parameter 1 to be of type Array. The provided value is of type String'],
  ["map(createArray(1), lambda('x', 'y', 'z', 1))", "the lambda function to have 1 or 2 variables; it has 3"],
  ["sort(createArray(1), lambda('x', true()))", "the lambda function to have 2 variables; it has 1"],
  ["filter(createArray(1), lambda('x', 1))", '"filter" expects its parameter 1 to be of type Boolean'],
  ["toObject(createArray(1), lambda('x', lambdaVariables('x')))", "of type String. The provided value is of type Integer"],
  ["map(createArray(1), lambda(concat('x'), 1))", "the names of its variables as literal strings"],
  ["lambda('x', 1)", '"lambda" is not expected at this location'],
  ["map(lambda('x', 1), lambda('x', 1))", '"lambda" is not expected at this location'],
  ["lambdaVariables('x')", "The lambda variable 'x' is not one of the lambda functions around it"],
  ["map(createArray(1), lambda('n', own.peeks()))", "The lambda variable 'n' is not one of"],
];
for (const [expression, message] of refusals)
  test(`${expression} is refused: ${message}`, () =>
    assert.throws(
      () => evaluate(expression),
      (error: Error) => error.message.includes(message),
    ));

const numbers = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 12 });
const N = "variables('numbers')";

test("lambdas are those of JavaScript's arrays: map, filter, reduce, and a stable sort", () => {
  fc.assert(
    fc.property(numbers, (list) => {
      const of = (expression: string): JsonValue => evaluate(expression, list);
      assert.deepEqual(
        of(`map(${N}, lambda('x', 'i', add(mul(lambdaVariables('x'), 100), lambdaVariables('i'))))`),
        list.map((x, i) => x * 100 + i),
      );
      assert.deepEqual(
        of(`filter(${N}, lambda('x', greater(lambdaVariables('x'), 0)))`),
        list.filter((x) => x > 0),
      );
      assert.deepEqual(of(`reduce(${N}, '', lambda('a', 'x', concat(lambdaVariables('a'), string(lambdaVariables('x')))))`), list.join(""));
      const signs = `map(${N}, lambda('x', 'i', createObject('sign', min(1, max(-1, lambdaVariables('x'))), 'at', lambdaVariables('i'))))`;
      assert.deepEqual(
        of(`sort(${signs}, lambda('a', 'b', less(lambdaVariables('a').sign, lambdaVariables('b').sign)))`),
        list.map((x, at) => ({ sign: Math.sign(x), at })).toSorted((a, b) => a.sign - b.sign),
      );
    }),
    { numRuns: 50 },
  );
});

test("mapping twice is mapping once with both; groups together are the array; an object of them has the same keys", () => {
  fc.assert(
    fc.property(numbers, (list) => {
      const of = (expression: string): JsonValue => evaluate(expression, list);
      const plus = (inner: string): string => `map(${inner}, lambda('x', add(lambdaVariables('x'), 1)))`;
      assert.deepEqual(of(plus(plus(N))), of(`map(${N}, lambda('x', add(lambdaVariables('x'), 2)))`));
      const sign = "string(min(1, max(-1, lambdaVariables('x'))))";
      const groups = of(`groupBy(${N}, lambda('x', ${sign}))`) as Readonly<Record<string, readonly number[]>>;
      const ascending = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b);
      assert.deepEqual(ascending(Object.values(groups).flat()), ascending(list));
      for (const [name, group] of Object.entries(groups)) assert.ok(group.every((x) => String(Math.sign(x)) === name));
      assert.deepEqual(Object.keys(of(`toObject(${N}, lambda('x', ${sign}))`) as JsonObject).toSorted(), Object.keys(groups).toSorted());
    }),
    { numRuns: 50 },
  );
});

test("what a lambda makes of a secret is one; a secret beside it stays where it is", () => {
  const plan = planOf({
    parameters: { secrets: { type: "secureObject", defaultValue: { a: "hunter2" } } },
    resources: [
      cluster("a", {
        tags: {
          hidden: "[map(items(parameters('secrets')), lambda('s', lambdaVariables('s').value))[0]]",
          within: "[map(createArray('x'), lambda('y', parameters('secrets').a))[0]]",
          shown: "[map(createArray('x'), lambda('y', lambdaVariables('y')))[0]]",
        },
      }),
    ],
  });
  assert.deepEqual(plan.problems, []);
  assert.deepEqual(plan.resources[0]?.securePaths, [
    ["tags", "hidden"],
    ["tags", "within"],
  ]);
});

test("a lambda over what is known at run time waits for it, and asks for nothing by what it was given", () => {
  const plan = planOf({
    resources: [
      cluster("a"),
      cluster("b", { tags: { all: "[join(map(reference('a').names, lambda('n', toUpper(lambdaVariables('n')))), '-')]" } }),
    ],
  });
  const [, second] = plan.resources;
  assert.ok(second !== undefined && second.deferred);
  assert.deepEqual([plan.problems, second.dependsOn], [[], [id("a")]]);
  const resolved = resolveResource(plan, second, () => ({ properties: { names: ["x", "y"] } }));
  assert.ok(resolved.kind === "resolved");
  assert.deepEqual(resolved.value.body["tags"], { all: "X-Y" });
  const refused = planOf({
    resources: [cluster("b", { tags: { all: "[map(createArray('a'), lambda('n', reference(lambdaVariables('n')).x))]" } })],
  });
  assert.match(refused.problems[0]?.message ?? "", /"reference" cannot be used with lambda variables/);
});
