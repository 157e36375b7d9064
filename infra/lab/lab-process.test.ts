import assert from "node:assert/strict";
import { once } from "node:events";
import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { isRunning, startTicks } from "./lab-process.ts";

test("this process is running, under its own start time only", () => {
  const ticks = startTicks(process.pid);
  assert.ok(ticks !== undefined && ticks > 0);
  assert.ok(isRunning({ name: "self", pid: process.pid, startTicks: ticks }));
  assert.ok(!isRunning({ name: "another of this pid", pid: process.pid, startTicks: ticks + 1 }));
});

test("a process that has ended is not running", async () => {
  const child = spawn("true");
  const pid = child.pid ?? 0;
  await once(child, "close");
  assert.ok(!isRunning({ name: "true", pid, startTicks: 1 }));
});
