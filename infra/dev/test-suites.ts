import { existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/** Something the machine must offer before a suite can run. */
export type Need = "linux" | "root" | "go" | "postgres" | "qemu" | "python" | "az";

/** A group of test files that run under the same conditions. */
export type TestSuite = {
  readonly name: string;
  /** Absolute, sorted. The suite `check` has none: it runs tools. */
  readonly files: readonly string[];
  readonly needs: readonly Need[];
  /** Files that run at once. */
  readonly concurrency: number;
  /** Limit of a single test. */
  readonly testTimeoutMs: number;
  /** Limit of a file with all its tests, ms; more is a hang. */
  readonly fileTimeoutMs: number;
  /** Runs only when it is asked for by name. */
  readonly onRequest: boolean;
};

/** Suites in this order first: what is quick and says most comes before what is slow. */
const FIRST = ["check", "unit", "architecture", "scenarios"];
const UNIT_FOLDERS = "{packages,services,infra,bpf,api}/**/*.test.ts";
const TEST_TIMEOUT_MS = 120_000;
/** The longest file of the suites that say nothing takes two minutes, beside others and with little of the processor. */
const FILE_TIMEOUT_MS = 15 * 60_000;

/**
 * Every suite of the checkout: `check` (tools), `unit` (tests beside their modules), and each folder of test/ that holds tests. A folder may say in its
 * `suite.json` what it needs, how many files run at once, how long one test and one file may take, and that it only runs when asked for.
 */
export function findSuites(checkout: string): TestSuite[] {
  const defaults = { needs: [], concurrency: 2, testTimeoutMs: TEST_TIMEOUT_MS, fileTimeoutMs: FILE_TIMEOUT_MS, onRequest: false };
  const unit = globSync(UNIT_FOLDERS, { cwd: checkout, exclude: (name) => name === "node_modules" });
  const folders = readdirSync(path.join(checkout, "test"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const suites: TestSuite[] = [
    { ...defaults, name: "check", files: [] },
    { ...defaults, name: "unit", files: absolute(checkout, unit) },
    ...folders.map(({ name }) => ({
      ...defaults,
      ...ownSettings(path.join(checkout, "test", name)),
      name,
      files: filesOf(checkout, name),
    })),
  ];
  return suites
    .filter((suite) => suite.name === "check" || suite.files.length > 0)
    .sort((a, b) => place(a.name) - place(b.name) || a.name.localeCompare(b.name));
}

/** Suites that read sources only. */
const SOURCES_ONLY: ReadonlySet<string> = new Set(["check", "architecture"]);

/** What runs when: `machine` one after the other, and beside it, as far as it leaves the processor to them, `beside` in its order. */
export type Lanes = Readonly<Record<"machine" | "beside", readonly TestSuite[]>>;

/** Whether a suite asks for a database, as far as it runs here at all. */
export function mayAskDatabase({ name }: TestSuite): boolean {
  return !SOURCES_ONLY.has(name);
}

/**
 * Suites that need root have the machine: its kernel, its namespaces, what a cluster or an emulated machine does in time; they wait more than they compute,
 * so that all others run beside them. What reads sources only is the first of those, since it is quick and fails most.
 */
export function inLanes(suites: readonly TestSuite[]): Lanes {
  const [machine, others] = parted(suites, ({ needs }) => needs.includes("root"));
  const [sources, rest] = parted(others, ({ name }) => SOURCES_ONLY.has(name));
  return { machine, beside: [...sources, ...rest] };
}

function parted(suites: readonly TestSuite[], holds: (suite: TestSuite) => boolean): [TestSuite[], TestSuite[]] {
  return [suites.filter(holds), suites.filter((suite) => !holds(suite))];
}

function place(name: string): number {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}

function filesOf(checkout: string, suite: string): string[] {
  return absolute(checkout, globSync(`test/${suite}/**/*.test.ts`, { cwd: checkout, exclude: (name) => name === "canary" }));
}

function absolute(checkout: string, files: readonly string[]): string[] {
  return files.map((file) => path.join(checkout, file)).sort();
}

function ownSettings(folder: string): Partial<TestSuite> {
  const file = path.join(folder, "suite.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Partial<TestSuite>) : {};
}
