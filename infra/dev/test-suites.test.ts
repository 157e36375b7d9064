import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { findSuites, inLanes } from "./test-suites.ts";

test("suites are the checks, the tests beside modules, and each folder of test/ with its own settings", (t) => {
  const root = mkdtempSync(path.join(tmpdir(), "suites-"));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (file: string, text = ""): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  write("packages/x/src/x.test.ts");
  write("packages/x/node_modules/y/y.test.ts");
  write("test/journeys/a.test.ts");
  write("test/journeys/suite.json", JSON.stringify({ needs: ["root", "go"], concurrency: 1 }));
  write("test/architecture/b.test.ts");
  write("test/long/d.test.ts");
  write("test/long/suite.json", JSON.stringify({ onRequest: true }));
  write("test/architecture/canary/c.test.ts");
  write("test/bench/main-job.ts");
  const suites = findSuites(root).map(({ name, files, needs, concurrency, onRequest }) => [
    onRequest ? `${name} on request` : name,
    files.map((file) => path.relative(root, file)),
    needs,
    concurrency,
  ]);
  assert.deepEqual(suites, [
    ["check", [], [], 2],
    ["unit", ["packages/x/src/x.test.ts"], [], 2],
    ["architecture", ["test/architecture/b.test.ts"], [], 2],
    ["journeys", ["test/journeys/a.test.ts"], ["root", "go"], 1],
    ["long on request", ["test/long/d.test.ts"], [], 2],
  ]);
});

test("what needs root has the machine, and all others run beside it: first what reads sources only", () => {
  const suite = { files: [], concurrency: 2, testTimeoutMs: 1, fileTimeoutMs: 1, onRequest: false };
  const lanes = inLanes([
    { ...suite, name: "check", needs: [] },
    { ...suite, name: "unit", needs: ["postgres"] },
    { ...suite, name: "architecture", needs: [] },
    { ...suite, name: "journeys", needs: ["linux", "root", "go"] },
    { ...suite, name: "az", needs: ["az"] },
    { ...suite, name: "vm", needs: ["root", "qemu"] },
    { ...suite, name: "netns", needs: ["root"] },
  ]);
  const names = Object.entries(lanes).map(([lane, suites]) => [lane, suites.map(({ name }) => name)]);
  assert.deepEqual(Object.fromEntries(names), {
    machine: ["journeys", "vm", "netns"],
    beside: ["check", "architecture", "unit", "az"],
  });
});

test("a suite that is not there is refused with those that are, and the run ends", () => {
  const options = { encoding: "utf8", timeout: 30_000 } as const;
  const run = spawnSync(process.execPath, [path.join(import.meta.dirname, "test.ts"), "--suite", "nosuch"], options);
  assert.deepEqual([run.status, run.signal], [1, null]);
  assert.match(run.stderr, /There is no suite nosuch\. There are check, unit, /);
});
