import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { getPriority, setPriority, tmpdir } from "node:os";
import path from "node:path";
import type { TestCounts } from "./count-reporter.ts";
import type { TestSuite } from "./test-suites.ts";

const NOTHING: TestCounts = { passed: 0, failed: 0, skipped: 0, failures: [] };
/** node:test ends hanging tests itself; this is for a runner that hangs. */
const KILL_AFTER_MS = 5_000;

/** `output`: where it writes, the terminal when absent; `givesWay`: takes only the processor time that others leave. */
type Surroundings = {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly output?: "inherit" | "ignore" | number;
  readonly givesWay?: boolean;
};

/** Enough to give way, and not so much that a busy machine lets it starve. */
const NICE = 10;
/** nice(2). */
const LEAST = 19;

/** Runs one suite in the background and answers what it wrote as well, since it would stand among what others write. */
export async function runSuiteQuietly(
  suite: TestSuite,
  surroundings: Omit<Surroundings, "output">,
): Promise<{ readonly counts: TestCounts; readonly written: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), "hostrouting-test-output-"));
  const file = path.join(folder, "output");
  const output = openSync(file, "w");
  try {
    const counts = await runSuite(suite, { ...surroundings, output });
    return { counts, written: readFileSync(file, "utf8") };
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs one suite's files under node:test; output goes to the terminal. A runner that ended without a result counts as one failure. */
export async function runSuite(suite: TestSuite, surroundings: Surroundings): Promise<TestCounts> {
  const folder = mkdtempSync(path.join(tmpdir(), "hostrouting-test-"));
  const countsFile = path.join(folder, "counts.json");
  const args = [
    "--disable-warning=ExperimentalWarning",
    "--test",
    `--test-concurrency=${suite.concurrency}`,
    `--test-timeout=${suite.testTimeoutMs}`,
    ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...[`--test-reporter=${path.join(import.meta.dirname, "count-reporter.ts")}`, `--test-reporter-destination=${countsFile}`],
    ...suite.files,
  ];
  try {
    const code = await finished(args, surroundings);
    const counts = readCounts(countsFile);
    if (counts === undefined)
      return { ...NOTHING, failed: 1, failures: [{ name: suite.name, place: "", said: "the test runner ended without a result" }] };
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function finished(args: readonly string[], { env, signal, output = "inherit", givesWay = false }: Surroundings): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", output, output] });
    if (givesWay && child.pid !== undefined) setPriority(child.pid, Math.min(LEAST, getPriority() + NICE));
    const end = (): void => {
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref();
    };
    signal.addEventListener("abort", end, { once: true });
    child.once("error", () => resolve(1));
    child.once("exit", (code) => {
      signal.removeEventListener("abort", end);
      resolve(code);
    });
  });
}

function readCounts(file: string): TestCounts | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as TestCounts;
  } catch {
    return undefined;
  }
}
