import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { writeGenerated } from "./write-generated.ts";

test("a generated file is written when it is missing or another one, and not touched when it is up to date", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "write-generated-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "some.gen.ts");
  const long = new Date("2026-01-01T00:00:00Z");
  const writtenAt = (): number => statSync(file).mtimeMs;
  writeGenerated(file, "one");
  utimesSync(file, long, long);
  writeGenerated(file, "one");
  assert.equal(writtenAt(), long.getTime());
  writeGenerated(file, "another");
  assert.equal(readFileSync(file, "utf8"), "another");
  assert.notEqual(writtenAt(), long.getTime());
});
