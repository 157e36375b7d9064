import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { openProcessRecord } from "./process-record.ts";
import { superviseChild, type ChildPlan } from "./supervised-child.ts";

function plan(script: string): ChildPlan {
  return {
    name: "child",
    command: "/bin/sh",
    args: ["-c", script],
    env: { PATH: "/usr/bin:/bin" },
    stopSignal: "SIGTERM",
    stopTimeoutMs: 200,
  };
}

/** Runs a child whose lines are handed out one by one. */
function supervised(t: TestContext, script: string) {
  const folder = mkdtempSync(path.join(tmpdir(), "supervised-child-"));
  const lines: string[] = [];
  const crashes: string[] = [];
  let heard = (): void => undefined;
  const log = {
    file: "",
    close: () => undefined,
    write(chunk: Buffer | string) {
      lines.push(...String(chunk).split("\n").filter(Boolean));
      heard();
    },
  };
  const child = superviseChild(plan(script), {
    record: openProcessRecord(path.join(folder, "p.json")),
    log,
    onCrash: (crash) => crashes.push(crash.outcome),
  });
  t.after(async () => {
    await child.stop();
    rmSync(folder, { recursive: true });
  });
  const line = async (index: number): Promise<string> => {
    while (lines[index] === undefined) await new Promise<void>((resolve) => (heard = resolve));
    return lines[index];
  };
  return { child, line, crashes };
}

test("a killed process comes back", async (t) => {
  const { line, crashes } = supervised(t, "echo $$; exec sleep 60");
  const first = Number(await line(0));
  process.kill(first, "SIGKILL");
  assert.notEqual(Number(await line(1)), first);
  assert.deepEqual(crashes, ["SIGKILL"]);
});

test("a process that ends by itself comes back too", async (t) => {
  const { line, crashes } = supervised(t, "echo $$; exit 3");
  await line(1);
  assert.equal(crashes[0], "exit code 3");
});

test("stopping is final, also for a process that ignores it", async (t) => {
  const { child, line, crashes } = supervised(t, "trap '' TERM; echo $$; while :; do sleep 1; done");
  const pid = Number(await line(0));
  await child.stop();
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  assert.deepEqual(crashes, []);
});

test("nothing of this process's environment is inherited", async (t) => {
  process.env["HOSTROUTING_TEST_MARK"] = "inherited";
  t.after(() => delete process.env["HOSTROUTING_TEST_MARK"]);
  const { line } = supervised(t, 'echo "mark=$HOSTROUTING_TEST_MARK"; exec sleep 60');
  assert.equal(await line(0), "mark=");
});

test("a process ends with whoever watches over it, also when that is killed", { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "supervised-child-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fifo = path.join(folder, "held");
  execFileSync("mkfifo", [fifo]);
  // The child alone holds the other end, so that its end is seen here.
  const seen = spawn("cat", [fifo]);
  const watch = `
    const { superviseChild } = await import(${JSON.stringify(path.join(import.meta.dirname, "supervised-child.ts"))});
    const around = { record: { add() {}, remove() {} }, log: { write() {} }, onCrash() {} };
    superviseChild(${JSON.stringify(plan(`exec >${fifo}; echo ready; exec sleep 60`))}, around);
  `;
  const watcher = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", watch]);
  await once(seen.stdout, "data");
  watcher.kill("SIGKILL");
  assert.deepEqual(await once(seen, "exit"), [0, null]);
});
