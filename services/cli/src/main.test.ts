import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";

const MAIN = path.join(import.meta.dirname, "main.ts");

test("a reader that has enough is no fault", async () => {
  const child = spawn(process.execPath, [MAIN, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  assert.deepEqual([code, said.replaceAll(/.*ExperimentalWarning.*\n|.*--trace-warnings.*\n/g, "")], [0, ""]);
});

for (const command of ["status", "preflight", "pause"])
  test(`${command} takes another cluster than the ready file's`, async () => {
    const child = spawn(process.execPath, [MAIN, command, "--help"], { stdio: ["ignore", "pipe", "ignore"] });
    const said = await text(child.stdout);
    assert.match(said, /-g, --resource-group <name>/);
    assert.match(said, /-n, --cluster <name>/);
  });
