import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenLine, terminalScreen } from "./screen.ts";

for (const [line, width, rows] of [
  ["short", 10, ["short"]],
  ["exactly te", 10, ["exactly te"]],
  ["waiting 3 s: n1: why", 12, ["waiting 3 s:", "    n1: why"]],
  ["  → look at the log of it", 20, ["  → look at the log", "      of it"]],
  ["a 12345678901234567890", 12, ["a 1234567890", "    12345678", "    90"]],
  ["a word in no room", 4, ["a word in no room"]],
] as const)
  test(`"${line}" in ${width} columns`, () => assert.deepEqual(brokenLine(line, width), rows));

function drawn(rows: number): { readonly said: () => string; readonly screen: ReturnType<typeof terminalScreen> } {
  let said = "";
  const screen = terminalScreen({ columns: 80, rows, write: (text) => (said += text) });
  return { said: () => said, screen };
}

test("a picture is drawn over the one before, rows of broken lines counted", () => {
  const { said, screen } = drawn(24);
  screen.show(["a".repeat(100), "b"]);
  screen.show(["c"]);
  assert.equal(said(), `${"a".repeat(79)}\n    ${"a".repeat(21)}\nb\n\u001B[3A\u001B[0Jc\n`);
});

test("what does not fit the height is left out until the last picture, which is shown whole", () => {
  const { said, screen } = drawn(4);
  screen.show(["1", "2", "3", "4", "5"]);
  assert.equal(said(), '1\n2\n… 3 more lines; "hostrouting status" shows all\n');
  screen.done();
  assert.equal(said().split("\u001B[3A\u001B[0J")[1], "1\n2\n3\n4\n5\n");
});
