import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { identify } from "./process-identity.ts";
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
    const suite = { name: "one", files: [file], needs: [], concurrency: 1, testTimeoutMs: 30_000, fileTimeoutMs: 60_000, onRequest: false };
    // A runner within a runner would report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { counts, written } = await runSuiteQuietly(suite, { env, signal: AbortSignal.timeout(90_000), givesWay: yields });
    assert.deepEqual([counts.passed, counts.failed], [passed, 1 - passed]);
    assert.match(written, said);
  });

const HANGING = {
  "computes.test.mjs": `console.log("before it computes"); for (;;);`,
  "waits.test.mjs": `
    import { spawn } from "node:child_process";
    import { test } from "node:test";
    test("holds", () => console.log("child", spawn("sleep", ["600"]).pid));
  `,
};
/** A file begins within a second, and within a few where others have the processor. */
const LIMIT_MS = 20_000;

test("a file that does not end is ended with what it has started, named with its limit, and counts as failed; what it said is kept", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "run-suite-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = Object.entries(HANGING).map(([name, text]) => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  });
  const limits = { testTimeoutMs: 5_000, fileTimeoutMs: LIMIT_MS };
  const suite = { name: "hanging", files, needs: [], concurrency: files.length, ...limits, onRequest: false };
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { counts, written } = await runSuiteQuietly(suite, { env, signal: AbortSignal.timeout(100_000) });
  assert.equal(counts.failed, files.length);
  for (const file of files) {
    const told = counts.failures.filter(({ name }) => path.resolve(name) === file);
    assert.deepEqual(
      told.map(({ said }) => /did not end within 20 s/.test(said)),
      [true],
      JSON.stringify(counts),
    );
  }
  assert.match(written, /before it computes/);
  const child = /child (\d+)/.exec(written)?.[1];
  assert.ok(child !== undefined, written);
  assert.equal(identify(Number(child)), undefined, "what a file has started is ended with it");
});
