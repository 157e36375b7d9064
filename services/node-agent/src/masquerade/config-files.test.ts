import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { readConfigFolder, readConfigMap } from "./config-files.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "ip-masq-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

describe("readConfigFolder", () => {
  it("has nothing where there is no folder", () => assert.deepEqual(readConfigFolder("/nowhere/at/all"), []));

  it("reads a mounted config map as the kubelet lays it out", (t) => {
    const path = folder(t);
    mkdirSync(join(path, "..data"));
    writeFileSync(join(path, "..data/ip-masq-agent"), "a");
    symlinkSync("..data/ip-masq-agent", join(path, "ip-masq-agent"));
    writeFileSync(join(path, "ip-masq-2"), "");
    writeFileSync(join(path, "other"), "x");
    assert.deepEqual(readConfigFolder(path), [
      { name: "ip-masq-2", text: "" },
      { name: "ip-masq-agent", text: "a" },
    ]);
  });

  it("says which one it cannot read", (t) => {
    const path = folder(t);
    mkdirSync(join(path, "ip-masq-agent"));
    assert.throws(() => readConfigFolder(path), { code: "masquerade.unreadable" });
  });
});

describe("readConfigMap", () => {
  it("takes keys for files", () =>
    assert.deepEqual(readConfigMap({ data: { "ip-masq-agent": "a" } }), [{ name: "ip-masq-agent", text: "a" }]));
  it("has none without data", () => assert.deepEqual(readConfigMap({}), []));
});
