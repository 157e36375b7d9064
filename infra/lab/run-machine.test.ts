import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

const RUN = join(import.meta.dirname, "run-machine.sh");
const LIMIT = 100_000;
/** One read of a pipe. */
const READ_MAX = 65_536;
/** 60 bytes each. */
const LINES = 20_000;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "run-machine-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Returns when the log is complete: whoever keeps it holds the pipe that is read here. */
function run(script: string): string {
  const log = join(folder, "console.log");
  execFileSync("bash", [RUN, log, String(LIMIT), "sh", "-c", script], { timeout: 30_000 });
  return log;
}

test("what a machine says and complains of is in its log", () => {
  assert.equal(readFileSync(run("echo said; echo complained >&2; exit 0"), "utf8"), "said\ncomplained\n");
});

test("a machine that never stops talking fills two files of the limit, and its last words are kept", () => {
  const log = run(`seq -f 'line %054.0f' ${LINES}`);
  for (const file of [log, `${log}.1`]) assert.ok(statSync(file).size <= LIMIT + READ_MAX, `${file} has ${statSync(file).size} bytes`);
  assert.match(readFileSync(log, "utf8"), new RegExp(`0${LINES}\\n$`));
  for (const file of [`${log}.2`, `${log}.next`]) assert.ok(!existsSync(file), file);
});

test("a machine whose last words fill its log has them there", () => {
  const log = run(`seq -f 'line %054.0f' 1700`);
  assert.match(readFileSync(log, "utf8"), /01700\n$/);
});

test("its log is nobody else's to read", () => {
  assert.equal(statSync(run("echo said")).mode & 0o077, 0);
});
