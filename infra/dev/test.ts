/**
 * `npm test [-- --suite a,b] [--list]`: every suite, on a real Postgres that lives as long as the run. A suite that this machine cannot run is
 * announced and counted; on a build server (CI=true) that counts as a failure unless .ci/allowed-skips names it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { advise, AppError } from "@hostrouting/domain";
import type { TestCounts, TestFailure } from "./count-reporter.ts";
import { giveWay, runSuite, runSuiteQuietly } from "./run-suite.ts";
import { staticChecks } from "./static-checks.ts";
import { startTestDatabase, type TestDatabase } from "./test-database.ts";
import { whyNot } from "./test-needs.ts";
import { findSuites, inLanes, mayAskDatabase, type TestSuite } from "./test-suites.ts";

/** Cold, with the lab's programs still to be built, a run takes up to 45 min, on a busy machine longer; more than this is a hang. */
const RUN_MS = 80 * 60_000;
const checkout = path.resolve(import.meta.dirname, "../..");

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

async function runChecks({ givesWay }: Lane, tell: (line: string) => void): Promise<TestCounts> {
  const failures: TestFailure[] = [];
  for (const check of staticChecks) {
    const found = await check.run(checkout, (pid) => givesWay && giveWay(pid));
    tell(found === "" ? `✔ ${check.name}` : `✖ ${check.name}\n${found}`);
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

const NOTHING: TestCounts = { passed: 0, failed: 0, skipped: 0, failures: [] };

/** Where a suite runs: with what, until when, and whether it leaves terminal and processor to others. */
type Lane = { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal; readonly givesWay: boolean };

async function runAll(suites: readonly TestSuite[], signal: AbortSignal): Promise<TestCounts> {
  const { machine, beside } = inLanes(suites);
  const compiled = mkdtempSync(path.join(tmpdir(), "hostrouting-test-compiled-"));
  let database: TestDatabase | undefined;
  try {
    // Thousands of modules are read by hundreds of processes: what the first of them compiled serves the others, as long as this run lasts.
    const env = { ...process.env, NODE_COMPILE_CACHE: compiled };
    if (suites.some((suite) => mayAskDatabase(suite) && whyNot(suite.needs) === undefined)) database = await startTestDatabase();
    const withDatabase = { signal, env: { ...env, HOSTROUTING_TEST_DATABASE_URL: database?.url } };
    const counts = await Promise.all([
      runLane(machine, { ...withDatabase, givesWay: false }),
      runLane(beside, { ...withDatabase, givesWay: machine.length > 0 }),
    ]);
    return counts.reduce(together, NOTHING);
  } finally {
    await database?.stop();
    rmSync(compiled, { recursive: true, force: true });
  }
}

async function runLane(suites: readonly TestSuite[], lane: Lane): Promise<TestCounts> {
  let total = NOTHING;
  for (const suite of suites) {
    if (lane.signal.aborted) break;
    const { passed, failed, skipped: left, failures } = await runOne(suite, lane);
    const placed = failures.map((failure) => ({ ...failure, place: `${suite.name} ${failure.place}`.trim() }));
    total = together(total, { passed, failed, skipped: left, failures: placed });
  }
  return total;
}

async function runOne(suite: TestSuite, lane: Lane): Promise<TestCounts> {
  const title = `\n── ${suite.name} ──`;
  const refusal = whyNot(suite.needs);
  if (refusal === undefined && lane.givesWay && suite.name === "check") {
    const lines: string[] = [];
    const counts = await runChecks(lane, (line) => lines.push(line));
    say([title, ...lines].join("\n"));
    return counts;
  }
  if (refusal === undefined && lane.givesWay) {
    const { counts, written } = await runSuiteQuietly(suite, lane);
    say(`${title}\n${written}`);
    return counts;
  }
  say(title);
  if (refusal !== undefined) return skipped(suite, refusal);
  return suite.name === "check" ? runChecks(lane, say) : runSuite(suite, lane);
}

function together(one: TestCounts, other: TestCounts): TestCounts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
    failures: [...one.failures, ...other.failures],
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
  // A run that is refused, or breaks off, is not held by its own limit; one that goes on is held by its suites.
  setTimeout(() => ending.abort(), RUN_MS).unref();
  const total = await runAll(chosen(all, values.suite), ending.signal);
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
  process.stderr.write(`${advise(error)}\n`);
  process.exitCode = 1;
}
