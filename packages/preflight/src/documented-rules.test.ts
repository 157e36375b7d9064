import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { rules } from "./rules.ts";

const text = readFileSync(new URL("../../../docs/preflight.md", import.meta.url), "utf8");

test("the documentation lists every rule, as it is called", () => {
  const listed = [...text.matchAll(/^- (PF-\d{3} [^:]+):/gm)].map(([, rule]) => rule);
  assert.deepEqual(
    listed,
    rules.map(({ id, title }) => `${id} ${title}`),
  );
});

test("every number up to the last is a rule, or the documentation says why it is none", () => {
  const without = [...text.matchAll(/^- (PF-\d{3}), no rule: .{40}/gm)].map(([, id]) => id);
  const numbers = rules.map(({ id }) => Number(id.slice("PF-".length)));
  const all = Array.from({ length: Math.max(...numbers) }, (_, index) => `PF-${String(index + 1).padStart(3, "0")}`);
  assert.deepEqual(
    [...rules.map(({ id }) => id), ...without].toSorted((a = "", b = "") => a.localeCompare(b)),
    all,
  );
});

test("what a finding links to is there", () => {
  for (const { id } of rules) assert.ok(text.includes(`<a id="${id.toLowerCase()}"></a>`), id);
});
