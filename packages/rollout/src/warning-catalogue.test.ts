import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { catalogued, isCatalogued, WARNING_CATALOGUE, type WarningCode } from "./warning-catalogue.ts";

test("every warning has sentences for what it means and what to do, and a title that is none", () => {
  for (const [code, { title, impact, remedy, hiddenBy }] of Object.entries(WARNING_CATALOGUE)) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.match(title, /[^.]$/, code);
    for (const sentence of [impact, remedy, hiddenBy]) assert.match(sentence, /^[A-Z].*\.$/, code);
  }
});

test("a warning is its entry and what was seen; rules of preflight are none of these", () => {
  const code: WarningCode = "rules-unknown";
  const warning = catalogued(code, { message: "n1: nft hangs", subjects: ["n1"] });
  assert.deepEqual(warning, { id: code, ...WARNING_CATALOGUE[code], message: "n1: nft hangs", subjects: ["n1"], impactNumber: 1 });
  assert.deepEqual([isCatalogued(warning), isCatalogued({ id: "PF-017" }), isCatalogued({ id: "toString" })], [true, false, false]);
});

test("docs/warnings.md names each with its severity", () => {
  const text = readFileSync(new URL("../../../docs/warnings.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `([a-z-]+)` +\| (\w+) /gm)].map(([, code = "", severity]): [string, unknown] => [code, severity]);
  const expected = Object.entries(WARNING_CATALOGUE).map(([code, { severity }]): [string, unknown] => [code, severity]);
  assert.deepEqual(rows, [...expected, ["override-ending", "Warning"]]);
});
