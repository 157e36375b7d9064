/**
 * `npm test [-- --suite a,b] [--list]`: every suite, on a real Postgres that lives as long as the run. A suite that this machine cannot run is
 * announced and counted; on a build server (CI=true) that counts as a failure unless .ci/allowed-skips names it.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { AppError, explain } from "@hostrouting/domain";
import type { TestCounts, TestFailure } from "./count-reporter.ts";
import { runSuite } from "./run-suite.ts";
import { staticChecks } from "./static-checks.ts";
import { startTestDatabase, type TestDatabase } from "./test-database.ts";
import { whyNot } from "./test-needs.ts";
import { findSuites, type TestSuite } from "./test-suites.ts";

/** Cold, with the lab's binaries still to be built, a run may take 45 min; more than that is a hang. */
const RUN_MS = 45 * 60_000;
const checkout = path.resolve(import.meta.dirname, "../..");
/** Suites that read sources only. */
const WITHOUT_DATABASE = new Set(["check", "architecture"]);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function chosen(all: readonly TestSuite[], names: string | undefined): readonly TestSuite[] {
  if (names === undefined) return all.filter(({ onRequest }) => !onRequest);
  const wanted = names.split(",").filter((name) => name !== "");
  const unknown = wanted.filter((name) => !all.some((suite) => suite.name === name));
  if (unknown.length > 0)
    throw new AppError("test.unknown-suite", {
      say: `There is no suite ${unknown.join(", ")}`,
      do: `There are ${all.map((suite) => suite.name).join(", ")}.`,
    });
  return all.filter((suite) => wanted.includes(suite.name));
}

async function runChecks(): Promise<TestCounts> {
  const failures: TestFailure[] = [];
  for (const check of staticChecks) {
    const found = await check.run(checkout);
    say(found === "" ? `✔ ${check.name}` : `✖ ${check.name}\n${found}`);
    if (found !== "") failures.push({ name: check.name, place: "", said: found });
  }
  return { passed: staticChecks.length - failures.length, failed: failures.length, skipped: 0, failures };
}

function skipped(suite: TestSuite, why: string): TestCounts {
  say(`SKIPPED: ${suite.name}: ${why}`);
  const allowList = path.join(checkout, ".ci/allowed-skips");
  const allowed = existsSync(allowList) ? readFileSync(allowList, "utf8").split("\n") : [];
  const fails = process.env["CI"] === "true" && !allowed.includes(suite.name);
  const said = `must not be skipped here: .ci/allowed-skips does not name it (${why})`;
  const failures = fails ? [{ name: suite.name, place: "", said }] : [];
  for (const failure of failures) say(`✖ ${failure.name} ${failure.said}`);
  return { passed: 0, failed: failures.length, skipped: 1, failures };
}

async function runAll(suites: readonly TestSuite[], signal: AbortSignal): Promise<TestCounts> {
  let database: TestDatabase | undefined;
  let total: TestCounts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  try {
    for (const suite of suites) {
      if (signal.aborted) break;
      say(`\n── ${suite.name} ──`);
      const refusal = whyNot(suite.needs);
      if (refusal === undefined && !WITHOUT_DATABASE.has(suite.name)) database ??= await startTestDatabase();
      const env = { ...process.env, HOSTROUTING_TEST_DATABASE_URL: database?.url };
      const counts =
        refusal !== undefined
          ? skipped(suite, refusal)
          : suite.name === "check"
            ? await runChecks()
            : await runSuite(suite, { env, signal });
      total = together(total, counts, suite.name);
    }
  } finally {
    await database?.stop();
  }
  return total;
}

function together(total: TestCounts, counts: TestCounts, suite: string): TestCounts {
  return {
    passed: total.passed + counts.passed,
    failed: total.failed + counts.failed,
    skipped: total.skipped + counts.skipped,
    failures: [...total.failures, ...counts.failures.map((failure) => ({ ...failure, place: `${suite} ${failure.place}`.trim() }))],
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { suite: { type: "string" }, list: { type: "boolean" } } });
  const all = findSuites(checkout);
  if (values.list === true) {
    for (const suite of all) say(`${suite.name}${suite.files.length === 0 ? "" : ` (${suite.files.length} files)`}`);
    return 0;
  }
  const ending = new AbortController();
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => ending.abort());
  const late = setTimeout(() => ending.abort(), RUN_MS);
  const total = await runAll(chosen(all, values.suite), ending.signal);
  clearTimeout(late);
  if (ending.signal.aborted) {
    say("\nThe run was ended before it was complete.");
    return finish({ ...total, failed: total.failed + 1 });
  }
  return finish(total);
}

/** What failed, once more and together, since it may stand thousands of lines above; then the last line of a run, alone: build servers read it. */
function finish(total: TestCounts): number {
  if (total.failures.length > 0) say("\n── failed ──");
  for (const { name, place, said } of total.failures) say(`✖ ${name} (${place})\n  ${said.replaceAll("\n", "\n  ")}`);
  say(`\n${total.passed} passed, ${total.failed} failed${total.skipped === 0 ? "" : `, ${total.skipped} skipped`}`);
  return total.failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(
    `${error instanceof AppError ? `${explain(error)}. ${error.remedy}` : error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
}
