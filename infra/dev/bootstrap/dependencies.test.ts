import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { dependenciesMatch } from "./dependencies.mjs";

const LOCK = {
  "": { name: "root" },
  "packages/x": { name: "x" },
  "node_modules/x": { resolved: "packages/x", link: true },
  "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
  "node_modules/for-windows": { version: "1.0.0", integrity: "sha512-w", optional: true },
};
const RECORD = { "node_modules/x": { link: true }, "node_modules/a": { version: "1.0.0", integrity: "sha512-a" } };

function match(t: TestContext, record: object | undefined): boolean {
  const root = mkdtempSync(path.join(tmpdir(), "dependencies-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(path.join(root, "node_modules/x"), { recursive: true });
  writeFileSync(path.join(root, "package-lock.json"), JSON.stringify({ packages: LOCK }));
  if (record !== undefined) writeFileSync(path.join(root, "node_modules/.package-lock.json"), JSON.stringify({ packages: record }));
  return dependenciesMatch(root);
}

test("what was installed is what the lock says; packages for other systems may be absent", (t) => assert.equal(match(t, RECORD), true));
test("nothing installed", (t) => assert.equal(match(t, undefined), false));
test("a package is missing", (t) => assert.equal(match(t, { ...RECORD, "node_modules/a": undefined }), false));
test("another version", (t) => assert.equal(match(t, { ...RECORD, "node_modules/a": { version: "2.0.0", integrity: "sha512-b" } }), false));
test("a workspace is not linked", (t) => assert.equal(match(t, { ...RECORD, "node_modules/x": undefined }), false));
