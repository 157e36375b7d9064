import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Expression, isExpression, printExpression, unescapeLiteral } from "./expression.ts";
import { parseExpression } from "./parse-expression.ts";

const name = fc.stringMatching(/^[A-Za-z_$][A-Za-z0-9_$]{0,8}$/);

const { expression } = fc.letrec<{ expression: Expression; call: Expression }>((tie) => ({
  call: fc.oneof(
    fc.record({ kind: fc.constant("call" as const), name, args: fc.array(tie("expression"), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant("call" as const), namespace: name, name, args: fc.array(tie("expression"), { maxLength: 3 }) }),
  ),
  expression: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    fc.record({ kind: fc.constant("string" as const), value: fc.string() }),
    fc.record({ kind: fc.constant("number" as const), value: fc.maxSafeInteger().map((value) => (value === 0 ? 0 : value)) }),
    tie("call"),
    fc.record({ kind: fc.constant("member" as const), of: tie("call"), name }),
    fc.record({ kind: fc.constant("index" as const), of: tie("call"), at: tie("expression") }),
  ),
}));

test("what is printed is read as the same", () => {
  fc.assert(
    fc.property(expression, (tree) => {
      assert.deepEqual(parseExpression(printExpression(tree)), { kind: "parsed", expression: structuredClone(tree) });
    }),
  );
});

test("any text gives an answer", () => {
  const pieces = fc.constantFrom("concat", "(", ")", "[", "]", ".", ",", "'", "''", " ", "1", "-2", "x", "\n", "$");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      assert.ok(["parsed", "refused"].includes(parseExpression(parts.join("")).kind));
    }),
  );
});

test("calls, literals, members and indices", () => {
  const parsed = parseExpression(" contoso.name( parameters('it''s')[0].sku , -3 ) ");
  assert.equal(parsed.kind === "parsed" && printExpression(parsed.expression), "contoso.name(parameters('it''s')[0].sku, -3)");
});

for (const [text, message, position] of [
  ["concat('a'", "the expression ends too early, ')' is", 10],
  ["concat('a)", "the string literal has no closing quote", 7],
  ["concat(,)", "',' is not expected", 7],
  ["", "the expression ends too early", 0],
  ["concat", "the expression ends too early, '(' is", 6],
  ["concat() x", "'x' is not expected", 9],
  ["f(12345678901234567890)", "the number 12345678901234567890 is too large", 22],
  [`${"f(".repeat(70)}1${")".repeat(70)}`, "more than 64 calls are within each other", 130],
  [`f('${"x".repeat(24_576)}')`, "the expression has 24581 characters, at most 24576 are allowed", 0],
] as const) {
  test(`refused with its position: ${text.slice(0, 30)}`, () =>
    assert.deepEqual(parseExpression(text), { kind: "refused", message, position }));
}

for (const [text, is, says] of [
  ["[concat()]", true, "[concat()]"],
  ["[[concat()]", false, "[concat()]"],
  ["[[x", false, "[[x"],
  ["[x", false, "[x"],
  ["x[0]", false, "x[0]"],
  ["[", false, "["],
] as const) {
  test(`${text} is ${is ? "an expression" : `the text ${says}`}`, () => {
    assert.equal(isExpression(text), is);
    assert.equal(unescapeLiteral(text), says);
  });
}
