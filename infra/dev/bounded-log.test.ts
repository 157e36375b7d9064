import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { followLog, openBoundedLog } from "./bounded-log.ts";

test("a full log makes room, keeps its predecessor, and is its owner's only", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "bounded-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "x.log");
  const log = openBoundedLog(file, 10);
  for (const line of ["first line\n", "second\n", "third line\n", "fourth\n"]) log.write(line);
  log.close();
  assert.equal(readFileSync(file, "utf8"), "fourth\n");
  assert.equal(readFileSync(`${file}.1`, "utf8"), "second\nthird line\n");
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("a log that is followed is read to its end when its file was filled meanwhile, and says so when two were", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "bounded-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "x.log");
  const log = openBoundedLog(file, 20);
  t.after(() => log.close());
  log.write("before\n");
  const since = followLog(file);
  assert.equal(since(), "");
  for (const line of ["one\n", "two, which fills\n", "three\n"]) log.write(line);
  assert.equal(readFileSync(file, "utf8"), "three\n");
  assert.equal(since(), "one\ntwo, which fills\nthree\n");
  for (const line of ["four, which fills\n", "five\n"]) log.write(line);
  assert.throws(since, /filled twice/);
});
