import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkout } from "./cruise.ts";
import { brokenPromise, readPromises } from "./promises.ts";

/** Documents of promises, and how many statements each has at least. */
const DOCUMENTS = {
  "docs/datapath.md": 34,
  "docs/guard.md": 28,
  "docs/monitor.md": 24,
  "docs/nodes.md": 31,
  "docs/preflight.md": 11,
  "docs/policy.md": 26,
  "docs/what-if.md": 8,
} as const;

const read = (file: string): string | undefined => {
  try {
    return readFileSync(path.join(checkout, file), "utf8");
  } catch {
    return undefined;
  }
};

for (const [document, least] of Object.entries(DOCUMENTS))
  test(`everything that ${document} promises has a test of that name`, () => {
    const promises = readPromises(read(document) ?? "");
    assert.ok(new Set(promises.map(({ statement }) => statement)).size >= least, `${document} has ${promises.length} rows`);
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
