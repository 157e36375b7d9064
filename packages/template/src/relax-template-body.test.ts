import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { relaxTemplateBody } from "./relax-template-body.ts";

/** What the relaxed text says. */
function read(text: string): unknown {
  const relaxed = relaxTemplateBody(text);
  assert.equal(relaxed.kind, "json", relaxed.kind === "refused" ? relaxed.problem.message : "");
  return JSON.parse(relaxed.kind === "json" ? relaxed.text : "");
}

test("the body that az splices is read", () => {
  const body = `{"properties": {"parameters": {"a": {"value": "x // no comment"}}, "mode": "Incremental", template:{
    // a comment with "quotes" and {brackets
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    /* another, over
       two lines */
    "variables": { "script": "first
\tsecond \\"third\\"", "list": [1, 2.5e3, -4, true, null,], },
    resources: [],
  }}}`;
  assert.deepEqual(read(body), {
    properties: {
      parameters: { a: { value: "x // no comment" } },
      mode: "Incremental",
      template: {
        $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        variables: { script: 'first\n\tsecond "third"', list: [1, 2500, -4, true, null] },
        resources: [],
      },
    },
  });
});

test("a byte order mark, and a key that is a word of JSON", () =>
  assert.deepEqual(read("\uFEFF{true: false, $a_1: null}"), { true: false, $a_1: null }));

test("what is JSON already stays as it is", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(3), (value, indent) => {
      assert.deepEqual(read(JSON.stringify(value, null, indent)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("strings survive, with their control characters raw or escaped", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const raw = text.replace(/["\\]/g, (char) => `\\${char}`);
      assert.deepEqual(read(`{k:"${raw}",}`), { k: text });
    }),
  );
});

for (const [what, text, says] of [
  ["a string without end", '{"a": "b', "a string has no end, line 1, position 7"],
  ["a comment without end", "{\n/* x", "a comment has no end, line 2, position 1"],
  ["brackets that do not match", "{]", "closes nothing"],
  ["two commas", "[1,,2]", "a comma follows a comma"],
  ["a slash", "{/}", '"/" was not expected'],
  ["a character that means nothing", "{'a': 1}", `"'" was not expected`],
  ["129 brackets", "[".repeat(129), "more than 128 brackets"],
] as const) {
  test(`refused with its place: ${what}`, () => {
    const relaxed = relaxTemplateBody(text);
    assert.ok(relaxed.kind === "refused");
    assert.equal(relaxed.problem.code, "InvalidRequestContent");
    assert.ok(relaxed.problem.message.includes(says), relaxed.problem.message);
  });
}

test("two words in a row do not become one", () => {
  const relaxed = relaxTemplateBody('{"a": tr ue}');
  assert.throws(() => JSON.parse(relaxed.kind === "json" ? relaxed.text : "{}"), SyntaxError);
});

test("any text gives an answer", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."{}[]:,\"'/*\\ \nab1-$\u0001"), maxLength: 60 }), (text) => {
      assert.ok(["json", "refused"].includes(relaxTemplateBody(text).kind));
    }),
  );
});
