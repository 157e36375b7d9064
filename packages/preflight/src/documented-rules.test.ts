import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { rules } from "./rules.ts";

test("the documentation lists every rule, as it is called", () => {
  const text = readFileSync(new URL("../../../docs/preflight.md", import.meta.url), "utf8");
  const listed = [...text.matchAll(/^- (PF-\d{3} [^:]+):/gm)].map(([, rule]) => rule);
  assert.deepEqual(
    listed,
    rules.map(({ id, title }) => `${id} ${title}`),
  );
});
