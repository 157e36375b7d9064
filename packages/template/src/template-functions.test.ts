import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonValue } from "./json-value.ts";
import { planOf } from "./testing/plan-for-test.ts";

/** What an expression gives in a variable, or the problem. */
function evaluate(expression: string, parameters: Record<string, { type: string; defaultValue: JsonValue }> = {}): JsonValue {
  const { resources, problems } = planOf({
    parameters,
    variables: { x: `[${expression}]` },
    resources: [{ type: "A.B/c", apiVersion: "1", name: "n", properties: { is: "[variables('x')]" } }],
  });
  const [problem] = problems;
  if (problem !== undefined) throw new Error(problem.message);
  const properties = resources[0]?.body["properties"] as { is: JsonValue };
  return properties.is;
}

const group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1";

// inputs and answers of the examples in "ARM template functions" (learn.microsoft.com) where they have some
const answers: readonly (readonly [string, JsonValue])[] = [
  ["concat('a', 1, true())", "a1True"],
  ["concat(createArray(1), createArray(2, 3))", [1, 2, 3]],
  ["format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)", "Hello, User. Formatted number: 8,175,133"],
  ["format('{{{0}}} {0:D3}|{1,4}|{1,-4}|{2:X}|{3}', 7, 'ab', 255, false())", "{7} 007|  ab|ab  |FF|False"],
  ["toUpper('aÄß')", "AÄSS"],
  ["TOLOWER('ABC')", "abc"],
  ["trim('  one  ')", "one"],
  ["split('one,two;three', createArray(',', ';'))", ["one", "two", "three"]],
  ["split('one,two', ',')", ["one", "two"]],
  ["join(createArray('a', 1, 'c'), '-')", "a-1-c"],
  ["replace('123-123-1234', '-', '')", "1231231234"],
  ["substring('one two three', 4, 3)", "two"],
  ["substring('abc', 3)", ""],
  ["startsWith('abcdef', 'AB')", true],
  ["endsWith('abcdef', 'EF')", true],
  ["padLeft('123', 10, '0')", "0000000123"],
  ["base64('one, two, three')", "b25lLCB0d28sIHRocmVl"],
  ["base64ToString('b25lLCB0d28sIHRocmVl')", "one, two, three"],
  ["base64ToJson(base64('{\"a\": 1}')).A", 1],
  ["uri('http://contoso.org/firstpath/', 'myscript.sh')", "http://contoso.org/firstpath/myscript.sh"],
  ["uriComponent('a b/c')", "a%20b%2Fc"],
  ["uniqueString('tyeth')", "zcztcwvu6iyg6"],
  ['string(json(\'{"a": [1, "x"]}\'))', '{"a":[1,"x"]}'],
  ["string(true())", "True"],
  ["empty('')", true],
  ["empty(null())", true],
  ["empty(json('{}'))", true],
  ["contains('OneTwoThree', 'e')", true],
  ["contains('OneTwoThree', 'z')", false],
  ["contains('abc', 'B')", false],
  ["contains(json('{\"One\": 1}'), 'oNE')", true],
  ["contains(createArray('one', 'two'), 'ONE')", false],
  ["indexOf('abcdef', 'CD')", 2],
  ["lastIndexOf('abcabc', 'B')", 4],
  ["indexOf(createArray(1, json('{\"a\":1}')), json('{\"a\":1}'))", 1],
  ['length(json(\'{"a":1,"b":2}\'))', 2],
  ["first('One Two Three')", "O"],
  ["last(createArray(1, 2))", 2],
  ["first(createArray())", null],
  ["take(createArray(1, 2, 3), 2)", [1, 2]],
  ["take('on', 5)", "on"],
  ["skip('one two three', 4)", "two three"],
  ["range(5, 3)", [5, 6, 7]],
  ["union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]],
  ['union(json(\'{"one":{"a":1,"l":[1]},"z":1}\'), json(\'{"ONE":{"b":2,"l":[2]}}\'))', { one: { a: 1, l: [2], b: 2 }, z: 1 }],
  ['intersection(json(\'{"a":1,"b":2}\'), json(\'{"a":1,"b":3}\'))', { a: 1 }],
  ["intersection(createArray(1, 2, 3), createArray(3, 2))", [2, 3]],
  ["createObject('a', 1, 'b', null())", { a: 1, b: null }],
  [
    'items(json(\'{"b":1,"a":{"x":2}}\'))',
    [
      { key: "a", value: { x: 2 } },
      { key: "b", value: 1 },
    ],
  ],
  ['objectKeys(json(\'{"b":1,"a":2}\'))', ["a", "b"]],
  ['shallowMerge(createArray(json(\'{"a":{"x":1}}\'), json(\'{"a":2}\')))', { a: 2 }],
  ["flatten(createArray(createArray(1), createArray(2, 3)))", [1, 2, 3]],
  ["tryGet(json('{\"a\":{\"b\":1}}'), 'a', 'B')", 1],
  ["tryGet(json('{\"a\":{\"b\":1}}'), 'x', 'b')", null],
  ["array('x')", ["x"]],
  ["min(createArray(0, 3, -2))", -2],
  ["max(0, 3, 2)", 3],
  ["div(8, 3)", 2],
  ["div(-8, 3)", -2],
  ["mod(7, 3)", 1],
  ["mod(-7, 3)", -1],
  ["add(1, mul(2, sub(5, 3)))", 5],
  ["int('-42')", -42],
  ["bool('TRUE')", true],
  ["bool(0)", false],
  ["equals('a', 'A')", false],
  ["equals(1, '1')", false],
  ['equals(json(\'{"a":1,"b":2}\'), json(\'{"b":2,"a":1}\'))', true],
  ["greater('B', 'A')", true],
  ["lessOrEquals(2, 2)", true],
  ["and(false(), nosuch())", false],
  ["or(true(), nosuch())", true],
  ["if(equals(1, 1), 'yes', div(1, 0))", "yes"],
  ["coalesce(null(), 'x', div(1, 0))", "x"],
  ["not(false())", true],
  [
    "resourceId('Microsoft.ContainerService/managedClusters/agentPools', 'c', 'p')",
    `${group}/providers/Microsoft.ContainerService/managedClusters/c/agentPools/p`,
  ],
  ["resourceId('rg2', 'A.B/c', 'n')", "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg2/providers/A.B/c/n"],
  [
    "resourceId('00000000-0000-0000-0000-000000000009', 'rg2', 'A.B/c', 'n')",
    "/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/rg2/providers/A.B/c/n",
  ],
  ["subscriptionResourceId('A.B/c', 'n')", "/subscriptions/00000000-0000-0000-0000-000000000001/providers/A.B/c/n"],
  ["tenantResourceId('A.B/c', 'n')", "/providers/A.B/c/n"],
  ["extensionResourceId(resourceGroup().id, 'A.B/c', 'n')", `${group}/providers/A.B/c/n`],
  ["resourceGroup().LOCATION", "westeurope"],
  ["resourceGroup()['tags'].team", "net"],
  ["subscription().displayName", "Development"],
  ["tenant().tenantId", "00000000-0000-0000-0000-00000000000f"],
  ["deployment().name", "deploy1"],
  ["environment().resourceManager", "https://management.example/"],
  ["dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')", "2023-04-07 14:53:14Z"],
  ["dateTimeAdd('2020-03-31T14:53:14Z', '-P1M', 'yyyy-MM-ddTHH:mm')", "2020-02-29T14:53"],
  ["dateTimeToEpoch('2020-04-07T14:53:14Z')", 1586271194],
  ["dateTimeFromEpoch(1683040573)", "2023-05-02T15:16:13Z"],
  ["dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", "Hello, World!"],
  ["dataUriToString(dataUri('Grüße'))", "Grüße"],
  ["dataUriToString('data:text/plain,a%20b,c')", "a b,c"],
  ["indexFromEnd(createArray('apple', 'orange', 'banana'), 2)", "orange"],
  ["tryIndexFromEnd(createArray(1, 2), 2)", 1],
  ["tryIndexFromEnd(createArray(1, 2), 3)", null],
  ["tryIndexFromEnd(null(), 1, 'x')", null],
  ["tryIndexFromEnd(createArray(createArray(7, 8)), 1, createObject('value', 1, 'fromEnd', true()))", 8],
  ["tryIndexFromEnd(createArray(json('{\"a\":[5]}')), 1, 'a', createObject('value', 0))", 5],
  ["tryGet(createArray(1, 2, 3), createObject('value', 1, 'fromEnd', true()))", 3],
  ["tryGet(createArray(1), 5, 'x')", null],
  ["pickZones('Microsoft.Compute', 'virtualMachines', 'here', 3)", []],
  ["deployer().objectId", "00000000-0000-0000-0000-0000000000dd"],
  ["if(true(), 1, fail('never'))", 1],
  [
    "managementGroupResourceId('mg', 'Microsoft.Authorization/policyDefinitions', 'p')",
    "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policyDefinitions/p",
  ],
];

for (const [expression, answer] of answers)
  test(`${expression} gives ${JSON.stringify(answer)}`, () => assert.deepEqual(evaluate(expression), answer));

const refusals: readonly (readonly [string, string])[] = [
  ["nosuch(1)", 'The template function "nosuch" is not valid'],
  [
    "toLower(1)",
    'The template language function "toLower" expects its parameter 1 to be of type String. The provided value is of type Integer',
  ],
  ["toLower('a', 'b')", "has an invalid number of arguments: 2; it takes 1"],
  ["substring('abc', 2, 2)", "'startIndex' is 2, 'length' 2, the string has 3 characters"],
  ["div(1, 0)", "divides by zero"],
  ["mod(1, 0)", "divides by zero"],
  ["mul(9007199254740991, 2)", "has a result that is larger"],
  ["int('1.5')", "written in digits"],
  ["range(0, 10001)", "between 0 and 10000"],
  ["json('{')", "valid JSON"],
  ["resourceGroup().nosuch", "property 'nosuch' doesn't exist in a value of type Object"],
  ["createArray(1)[1]", "array index is out of bounds"],
  ["resourceId('A.B/c', 'n', 'm')", "expects one name for each part"],
  ["parameters('nosuch')", "The template parameter 'nosuch' is not found"],
  ["variables('x')", "refers to itself"],
  ["newGuid()", "can only be used within a parameter default value"],
  ["utcNow()", "can only be used within a parameter default value"],
  ["copyIndex()", "is not expected at this location"],
  ["reference('n')", "is not expected at this location"],
  ["concat('a'", "Unable to parse language expression \"concat('a'\" at position 10"],
  ["createObject('a')", "names and values in turn"],
  ["padLeft('a', 4194305)", "more than 4194304 characters"],
  ["format('{1}', 'a')", "has no argument for {1}"],
  ["indexFromEnd(createArray(1), 2)", "finds no element 2 from the end of an array of 1"],
  ["indexFromEnd(createArray(1), 0)", "from 1 on; 0 is given"],
  ["tryIndexFromEnd('abc', 1)", "expects its parameter 1 to be of type Array"],
  ["tryGet(json('{\"a\":{}}'), 'a', 'b')", "behind it one that does not exist"],
  ["dataUriToString('SGVsbG8=')", "to be a data URI"],
  ["dataUriToString('data:;base64,*')", "a string of Base64"],
  ["fail('wrong size')", "'wrong size'"],
  ["managementGroupResourceId('A.B/c', 'n')", "needs one management group before the resource type"],
  ["managementGroup().id", "is not available here. There are no management groups here"],
  ["providers('Microsoft.Compute')", "is not available here. Write the API version itself"],
  ["toLogicalZone(subscription().subscriptionId, 'here', 'here-az1')", "is not available here. Zones have no second name here"],
  ["listKeys('x', '1')", "is not expected at this location"],
];

for (const [expression, message] of refusals)
  test(`${expression} is refused: ${message}`, () =>
    assert.throws(
      () => evaluate(expression),
      (error: Error) => error.message.includes(message) && error.message.startsWith("Deployment template validation failed: '"),
    ));

test("newGuid and utcNow in default values", () => {
  const value = evaluate("createArray(parameters('a'), parameters('b'), parameters('c'), parameters('d'))", {
    a: { type: "string", defaultValue: "[newGuid()]" },
    b: { type: "string", defaultValue: "[newGuid()]" },
    c: { type: "string", defaultValue: "[utcNow()]" },
    d: { type: "string", defaultValue: "[utcNow('d')]" },
  });
  assert.deepEqual(value, ["guid-0", "guid-1", "20260701T123005Z", "07/01/2026"]);
});

test("string, json and base64 undo each other", () => {
  const object = fc.dictionary(
    fc.string().filter((key) => !key.startsWith("[") && key.toLowerCase() !== "copy"),
    fc.jsonValue({ maxDepth: 2 }),
    { maxKeys: 4, noNullPrototype: true },
  );
  fc.assert(
    fc.property(object, (value) => {
      const literal = JSON.stringify(value).replaceAll("'", "''");
      assert.deepEqual(evaluate(`base64ToJson(base64(string(json('${literal}'))))`), JSON.parse(JSON.stringify(value)));
    }),
  );
});

const smallArray = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom("a", "b")), { maxLength: 6 });
const written = (value: unknown): string => `json('${JSON.stringify(value)}')`;

test("union and intersection of arrays are those of sets, in order of first appearance", () => {
  fc.assert(
    fc.property(smallArray, smallArray, (a, b) => {
      assert.deepEqual(evaluate(`union(${written(a)}, ${written(b)})`), [...new Set([...a, ...b])]);
      assert.deepEqual(
        evaluate(`intersection(${written(a)}, ${written(b)})`),
        [...new Set(a)].filter((one) => b.includes(one)),
      );
    }),
  );
});

test("union of objects: with itself nothing changes, the last wins, and it is associative", () => {
  // a name is always that of an object or never: else what an object is united with depends on the order
  const inner = fc.dictionary(fc.constantFrom("x", "y"), fc.integer(), { noNullPrototype: true });
  const object = fc.record({ a: fc.integer(), b: fc.integer(), o: inner, p: inner }, { requiredKeys: [], noNullPrototype: true });
  fc.assert(
    fc.property(object, object, object, (a, b, c) => {
      assert.deepEqual(evaluate(`union(${written(a)}, ${written(a)})`), JSON.parse(JSON.stringify(a)));
      const [left, right] = [
        `union(union(${written(a)}, ${written(b)}), ${written(c)})`,
        `union(${written(a)}, union(${written(b)}, ${written(c)}))`,
      ];
      assert.equal(evaluate(`equals(${left}, ${right})`), true);
      const whole = evaluate(left) as Record<string, JsonValue>;
      for (const [name, value] of Object.entries(c)) if (typeof value === "number") assert.equal(whole[name], value);
    }),
  );
});

test("division and remainder belong together", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer().filter((b) => b !== 0),
      (a, b) => {
        assert.equal(evaluate(`add(mul(div(${a}, ${b}), ${b}), mod(${a}, ${b}))`), a);
      },
    ),
  );
});
