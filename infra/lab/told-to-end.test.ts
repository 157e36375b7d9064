import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";

const SCRIPT = `
  const { toldToEnd } = await import(${JSON.stringify(path.join(import.meta.dirname, "told-to-end.ts"))});
  toldToEnd().addEventListener("abort", () => process.stdout.write("told"));
  process.stdin.resume().once("end", () => process.exit(7));
  process.stdout.write("ready");
`;

for (const { signal, ends } of [
  { signal: "SIGTERM", ends: [7, null] },
  { signal: "SIGINT", ends: [null, "SIGINT"] },
] as const)
  test(`after a second ${signal} the process ends with ${ends.join("")}`, { timeout: 60_000 }, async () => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", SCRIPT]);
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    child.kill(signal);
    assert.equal(String((await once(child.stdout, "data"))[0]), "told");
    child.kill(signal);
    child.stdin.end();
    assert.deepEqual(await ended, ends);
  });
