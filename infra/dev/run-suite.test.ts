import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runSuiteQuietly } from "./run-suite.ts";

/** Passes where it gives way more than `than`, and says so. */
const givesWay = (than: number): string => `
  import assert from "node:assert/strict";
  import os from "node:os";
  import { test } from "node:test";
  test("gives way", () => { console.log("priority", os.getPriority() > ${than}); assert.ok(os.getPriority() > ${than}); });
`;

for (const { name, yields, passed, said } of [
  { name: "a suite that gives way", yields: true, passed: 1, said: /priority true/ },
  { name: "a suite that has the processor", yields: false, passed: 0, said: /priority false/ },
])
  test(`${name}: its priority is its processes' too, and what they write is answered with the counts`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "run-suite-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, "one.test.mjs");
    writeFileSync(file, givesWay(getPriority()));
    const suite = { name: "one", files: [file], needs: [], concurrency: 1, testTimeoutMs: 30_000, onRequest: false };
    // A runner within a runner would report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { counts, written } = await runSuiteQuietly(suite, { env, signal: AbortSignal.timeout(30_000), givesWay: yields });
    assert.deepEqual([counts.passed, counts.failed], [passed, 1 - passed]);
    assert.match(written, said);
  });
