import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { checkout, readImports, ruleNames } from "./cruise.ts";

/** Far below what there is, far above what a tool reads that lost its compiler. */
const MODULES_MIN = 150;

test("no module imports what it may not", async () => {
  const { modulesRead, violations } = await readImports(checkout);
  assert.ok(modulesRead >= MODULES_MIN, `only ${modulesRead} modules were read: the tool has no TypeScript compiler it understands`);
  assert.deepEqual(
    violations.map((violation) => violation.sentence),
    [],
  );
});

test("every rule about imports fires on the tree that breaks them all", async () => {
  const { violations } = await readImports(path.join(checkout, "test/architecture/canary"));
  const fired = new Set(violations.map((violation) => violation.rule));
  assert.deepEqual(
    ruleNames.filter((name) => !fired.has(name)),
    [],
  );
});

test("every rule about imports says what to do instead", async () => {
  const { violations } = await readImports(path.join(checkout, "test/architecture/canary"));
  for (const { rule, sentence } of violations)
    assert.ok(sentence.length > sentence.indexOf(rule) + rule.length + 20, `${rule} has no advice`);
});
