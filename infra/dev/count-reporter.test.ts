import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runSuite } from "./run-suite.ts";

const SUITE = `
import assert from "node:assert/strict";
import { describe, test } from "node:test";
describe("outer", () => {
  test("holds", () => {});
  test("breaks", () => assert.equal(1, 2, "one is not two"));
});
`;

test("a suite's failures are told by the test that failed, with its place and its words, and nothing else is", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "count-reporter-"));
  const file = path.join(folder, "sample.test.mjs");
  try {
    writeFileSync(file, SUITE);
    const suite = {
      name: "sample",
      files: [file],
      needs: [],
      concurrency: 1,
      testTimeoutMs: 60_000,
      fileTimeoutMs: 60_000,
      onRequest: false,
    };
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const counts = await runSuite(suite, { env, signal: AbortSignal.timeout(90_000), output: "ignore" });
    assert.deepEqual({ passed: counts.passed, failed: counts.failed, skipped: counts.skipped }, { passed: 1, failed: 1, skipped: 0 });
    assert.deepEqual(
      counts.failures.map(({ name }) => name),
      ["breaks"],
    );
    assert.match(counts.failures[0]?.place ?? "", /sample\.test\.mjs:6$/);
    assert.match(counts.failures[0]?.said ?? "", /one is not two/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
