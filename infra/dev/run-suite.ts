import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestCounts } from "./count-reporter.ts";
import type { TestSuite } from "./test-suites.ts";

const NOTHING: TestCounts = { passed: 0, failed: 0, skipped: 0, failures: [] };
/** node:test ends hanging tests itself; this is for a runner that hangs. */
const KILL_AFTER_MS = 5_000;

type Surroundings = { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal; readonly output?: "inherit" | "ignore" };

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

function finished(args: readonly string[], { env, signal, output = "inherit" }: Surroundings): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", output, output] });
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
