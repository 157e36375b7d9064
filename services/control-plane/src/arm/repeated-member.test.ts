import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { repeatedMember } from "./repeated-member.ts";

for (const [text, name] of [
  ['{"a":1,"a":2}', "a"],
  ['{"b":[{"a":{}, "c":1 , "a" : 2}]}', "a"],
  ['{"a":1,"\\u0061":2}', "a"],
  ['{"\\"":1,"\\"":2}', '"'],
  ['{"\\\\":1,"b":{},"\\\\":[]}', "\\"],
  ['{"a":1,"A":2}', undefined],
  ['{"a":{"a":[{"a":1},{"a":1}]}}', undefined],
  ['{"a":"a","b":"a\\":1,\\"a"}', undefined],
  ['["a","a"]', undefined],
  ['"a"', undefined],
  ["1", undefined],
] as const)
  test(`${text} repeats ${name ?? "nothing"}`, () => assert.equal(repeatedMember(text), name));

test("what JSON.stringify writes repeats nothing, and one more member of any object's own name is found", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.json(), { minKeys: 1 }), fc.string(), (object, value) => {
      const text = JSON.stringify(Object.fromEntries(Object.entries(object).map(([name, json]) => [name, JSON.parse(json)])));
      assert.equal(repeatedMember(text), undefined);
      const [name = ""] = Object.keys(JSON.parse(text));
      const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
      assert.equal(repeatedMember(`${text.slice(0, -1)},${member}}`), name);
    }),
  );
});
