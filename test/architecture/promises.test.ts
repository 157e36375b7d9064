import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkout } from "./cruise.ts";
import { brokenPromise, readPromises } from "./promises.ts";

const DOCUMENT = "docs/datapath.md";
const PROMISES_MIN = 34;

const read = (file: string): string | undefined => {
  try {
    return readFileSync(path.join(checkout, file), "utf8");
  } catch {
    return undefined;
  }
};

test("everything that the datapath promises has a test of that name", () => {
  const promises = readPromises(read(DOCUMENT) ?? "");
  assert.ok(new Set(promises.map(({ statement }) => statement)).size >= PROMISES_MIN, `${DOCUMENT} has ${promises.length} rows`);
  assert.deepEqual(
    promises.map((promised) => brokenPromise(promised, read)).filter((problem) => problem !== undefined),
    [],
  );
});

test("a promise without its file or its test is found", () => {
  const table =
    "| What holds | Where | Test |\n| --- | --- | --- |\n| a | `x.test.ts` | keeps … flows |\n| b | x.test.ts | breaks |\n| c | y.test.ts | t |";
  const files: Readonly<Record<string, string>> = { "x.test.ts": "test(`keeps ${n} flows`)" };
  assert.deepEqual(
    readPromises(table).map((promised) => brokenPromise(promised, (file) => files[file]) === undefined),
    [true, false, false],
  );
});
