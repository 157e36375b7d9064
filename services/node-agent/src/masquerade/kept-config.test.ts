import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { KeptConfig } from "./kept-config.ts";

const CONFIG = { ranges: ["10.0.0.0/8"], linkLocal: false, linkLocalV6: true };
const FAULT = { fault: 'ip-masq-agent: "x" is no address range' };

function fileIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "kept-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "state", "masquerade.json");
}

describe("KeptConfig", () => {
  it("knows nothing at first", (t) =>
    assert.partialDeepStrictEqual(new KeptConfig(fileIn(t)).state(), {
      config: undefined,
      digest: undefined,
      validity: { status: "Unknown" },
    }));

  it("keeps the last valid configuration, also for the next process, and names the fault", (t) => {
    const path = fileIn(t);
    const first = new KeptConfig(path);
    first.take({ config: CONFIG });
    const { digest } = first.state();
    assert.match(digest ?? "", /^[0-9a-f]{16}$/);
    first.take(FAULT);
    const invalid = { status: "False", reason: "Invalid", message: 'ip-masq-agent: "x" is no address range. The last valid one counts.' };
    assert.deepEqual(first.state(), { config: CONFIG, digest, validity: invalid });
    const second = new KeptConfig(path);
    second.take(FAULT);
    assert.deepEqual(second.state(), { config: CONFIG, digest, validity: invalid });
    assert.deepEqual(readdirSync(join(path, "..")), ["masquerade.json"]);
    second.take({ config: { ...CONFIG, ranges: [] } });
    assert.partialDeepStrictEqual(new KeptConfig(path).state(), { config: { ranges: [] } });
  });

  it("has no configuration when the first one is invalid", (t) => {
    const kept = new KeptConfig(fileIn(t));
    kept.take(FAULT);
    assert.partialDeepStrictEqual(kept.state(), { config: undefined, validity: { status: "False" } });
  });

  for (const text of ["", "{", "{}", '{"ranges":[1],"linkLocal":false,"linkLocalV6":false}', "null"])
    it(`forgets a damaged file: ${text || "empty"}`, (t) => {
      const path = join(fileIn(t), "../..", "masquerade.json");
      writeFileSync(path, text);
      assert.equal(new KeptConfig(path).state().config, undefined);
    });
});
