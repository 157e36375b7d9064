import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { identify, isRunning } from "./process-identity.ts";
import { endLeftovers, openProcessRecord } from "./process-record.ts";

test("what was recorded and still runs is ended; what merely has the same number is not", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "process-record-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "processes.json");
  const [ours, other] = [spawn("sleep", ["60"]), spawn("sleep", ["60"])];
  t.after(() => other.kill("SIGKILL"));
  await Promise.all([once(ours, "spawn"), once(other, "spawn")]);
  openProcessRecord(file).add(ours.pid ?? 0);
  const recorded = identify(ours.pid ?? 0);
  writeFileSync(file, JSON.stringify([recorded, { pid: other.pid, startTicks: "1" }]));
  const gone = once(ours, "exit");
  assert.equal(await endLeftovers(file), 1);
  await gone;
  assert.notEqual(identify(other.pid ?? 0), undefined);
});

test("a process that ignores SIGTERM is killed", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "process-record-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const stubborn = spawn("sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]);
  await once(stubborn.stdout, "data");
  const file = path.join(folder, "processes.json");
  openProcessRecord(file).add(stubborn.pid ?? 0);
  const gone = once(stubborn, "exit");
  await endLeftovers(file);
  assert.deepEqual(await gone, [null, "SIGKILL"]);
});

test("a record that cannot be read means that nothing is left", async () => {
  assert.equal(await endLeftovers("/nonexistent/processes.json"), 0);
});

test("this very process is running, under its own start time only", () => {
  const self = identify(process.pid);
  assert.ok(self !== undefined && isRunning(self));
  assert.equal(isRunning({ pid: process.pid, startTicks: "1" }), false);
});
