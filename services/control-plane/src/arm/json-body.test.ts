import assert from "node:assert/strict";
import { test } from "node:test";
import { ArmError } from "./arm-error.ts";
import { parseJsonBody, readUtf8 } from "./json-body.ts";

test("JSON is read, with or without a byte order mark; nothing is nothing", () => {
  assert.deepEqual(parseJsonBody('\uFEFF{"a":[1,null,"é"]}'), { a: [1, null, "é"] });
  assert.equal(parseJsonBody(" \n"), undefined);
});

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
for (const [name, text] of [
  ["half an object", '{"a":'],
  ["two values", "1 2"],
  ["a comment", "{/* */}"],
  ["a member __proto__", '{"a":[{"__proto__":1}]}'],
  ["a member prototype", '{"prototype":1}'],
  ["one member twice", '{"a":1,"a":{"b":2}}'],
  ["65 levels", nested(65)],
  ["a million levels", nested(1_000_000)],
  ["U+0000 in a value", '["\\u0000"]'],
  ["U+0000 in a name", '{"\\u0000":1}'],
  ["half a surrogate pair", '["\\ud83d"]'],
] as const)
  test(`${name} is refused`, () =>
    assert.throws(
      () => parseJsonBody(text),
      (error) => error instanceof ArmError && error.status === 400 && error.fault.code === "InvalidRequestContent",
    ));

test("64 levels and a whole surrogate pair pass", () => {
  parseJsonBody(nested(64));
  assert.equal(parseJsonBody('"\\ud83d\\ude00"'), "😀");
});

test("bytes that are no UTF-8 are refused, all others are read as they are", () => {
  assert.equal(readUtf8(Buffer.from('{"a":"é€"}')), '{"a":"é€"}');
  for (const bytes of [[0x22, 0xff, 0x22], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]])
    assert.throws(() => readUtf8(Buffer.from(bytes)), { status: 400, message: /UTF-8/ });
});
