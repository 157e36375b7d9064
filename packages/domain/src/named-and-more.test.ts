import assert from "node:assert/strict";
import { test } from "node:test";
import { namedAndMore, type NamedLimits } from "./named-and-more.ts";

const LISTS: readonly (readonly [names: readonly string[], limits: NamedLimits, line: string])[] = [
  [[], { most: 2 }, ""],
  [["a"], { most: 2 }, "a"],
  [["a", "b"], { most: 2 }, "a, b"],
  [["a", "b", "c"], { most: 2 }, "a, b and 1 more"],
  [["a", "b"], { count: 5 }, "a, b and 3 more"],
  [["a", "b"], { count: 1 }, "a, b"],
  [["a", "b", "c"], { most: 2, between: "; " }, "a; b and 1 more"],
];

for (const [names, limits, line] of LISTS)
  test(`[${names.join(" ")}] within ${JSON.stringify(limits)} is "${line}"`, () => {
    assert.equal(namedAndMore(names, limits), line);
  });
