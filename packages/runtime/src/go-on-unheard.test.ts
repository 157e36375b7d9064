import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";

const MODULE = path.join(import.meta.dirname, "go-on-unheard.ts");
/** Speaks once its standard input has ended, and ends with 7 afterwards. */
const speaking = (before: string): string => `
  ${before}
  process.stdin.resume().once("end", () => process.stdout.write("unheard", () => setImmediate(() => process.exit(7))));
  process.stderr.write("ready");
`;

for (const { who, before, code } of [
  {
    who: "a process that goes on unheard ends as it wants to",
    before: `(await import(${JSON.stringify(MODULE)})).goOnUnheard();`,
    code: 7,
  },
  { who: "any other process ends with its first word", before: "", code: 1 },
])
  test(`when nobody reads any more, ${who}`, { timeout: 60_000 }, async () => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", speaking(before)]);
    await once(child.stderr, "data");
    child.stdout.destroy();
    await once(child.stdout, "close");
    child.stdin.end();
    assert.deepEqual(await once(child, "exit"), [code, null]);
  });
