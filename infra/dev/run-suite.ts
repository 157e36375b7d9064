import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { getPriority, setPriority, tmpdir } from "node:os";
import path from "node:path";
import type { TestCounts, TestFailure } from "./count-reporter.ts";
import { limitFiles } from "./file-limit.ts";
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

/** Leaves the processor to others, as far as they want it. */
export function giveWay(pid: number): void {
  setPriority(pid, Math.min(LEAST, getPriority() + NICE));
}

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

/**
 * Runs one suite's files under node:test; output goes to the terminal. A runner that ended without a result counts as one failure, and so does a file that was
 * ended for its limit.
 */
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
    const { code, late } = await finished(suite, args, surroundings);
    const counts = readCounts(countsFile);
    if (counts === undefined)
      return { ...NOTHING, failed: 1, failures: [{ name: suite.name, place: "", said: "the test runner ended without a result" }] };
    const told = late.reduce((before, file) => tellLate(before, file, suite.fileTimeoutMs), counts);
    return code !== 0 && told.failed === 0 ? { ...told, failed: 1 } : told;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type End = { readonly code: number | null; readonly late: readonly string[] };

function finished(
  { files, fileTimeoutMs }: TestSuite,
  args: readonly string[],
  { env, signal, output = "inherit", givesWay = false }: Surroundings,
): Promise<End> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", output, output] });
    if (givesWay && child.pid !== undefined) giveWay(child.pid);
    const limit = child.pid === undefined ? undefined : limitFiles(child.pid, files, fileTimeoutMs);
    const end = (): void => {
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref();
    };
    const tell = async (code: number | null): Promise<void> => {
      signal.removeEventListener("abort", end);
      resolve({ code, late: (await limit?.stop()) ?? [] });
    };
    signal.addEventListener("abort", end, { once: true });
    child.once("error", () => void tell(1));
    child.once("exit", (code) => void tell(code));
  });
}

/** The runner knows that the file failed, or, if only something that it left behind ran on, that it did well; it never knows why it ended. */
function tellLate(counts: TestCounts, file: string, limitMs: number): TestCounts {
  const said = `did not end within ${limitMs / 1_000} s and was ended with everything that it had started; the end of its output says how far it came`;
  const isFile = ({ name }: TestFailure): boolean => path.resolve(name) === file;
  if (counts.failures.some(isFile)) return { ...counts, failures: counts.failures.map((one) => (isFile(one) ? { ...one, said } : one)) };
  const name = path.relative(process.cwd(), file);
  return { ...counts, failed: counts.failed + 1, failures: [...counts.failures, { name, place: name, said }] };
}

function readCounts(file: string): TestCounts | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as TestCounts;
  } catch {
    return undefined;
  }
}
