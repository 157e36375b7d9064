import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { ensureSigningKey } from "./signing-key.ts";

test("the key is made once, private, and read again; two starters agree on it", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "authority-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const keyFile = path.join(folder, "key.json");
  const [a, b] = await Promise.all([ensureSigningKey(keyFile), ensureSigningKey(keyFile)]);
  assert.deepEqual(a.publicJwk, b.publicJwk);
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  assert.deepEqual((await ensureSigningKey(keyFile)).publicJwk, a.publicJwk);
  assert.ok("d" in JSON.parse(readFileSync(keyFile, "utf8")) && !("d" in a.publicJwk));
});
