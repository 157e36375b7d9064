import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { readConnectionFile } from "./connection-file.ts";

const READY = {
  arm: "https://localhost:8443",
  tenantId: "t",
  clientId: "c",
  clientSecret: "s",
  subscriptionId: "u",
  resourceGroup: "lab",
  cluster: "lab",
};

function written(t: TestContext, content: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), "connection-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "ready.json");
  writeFileSync(file, content);
  return file;
}

test("the file's cluster is meant, or the one that is chosen", (t) => {
  const file = written(t, JSON.stringify(READY));
  assert.deepEqual(readConnectionFile(file), READY);
  assert.deepEqual(readConnectionFile(file, { cluster: "mine" }), { ...READY, cluster: "mine" });
  assert.deepEqual(readConnectionFile(file, { resourceGroup: "other", cluster: "mine" }), {
    ...READY,
    resourceGroup: "other",
    cluster: "mine",
  });
});

test("a file that is absent, no JSON, or lacks something is refused", (t) => {
  assert.throws(() => readConnectionFile("/nonexistent/ready.json"), /There is no ready file/);
  assert.throws(() => readConnectionFile(written(t, "{")), /cannot be read/);
  assert.throws(() => readConnectionFile(written(t, JSON.stringify({ ...READY, arm: undefined }))), /lacks arm/);
});
