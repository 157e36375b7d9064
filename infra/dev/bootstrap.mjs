/**
 * The set-up behind every npm script: makes sure that what a command needs is there, each part only when it is missing, then hands over
 * to TypeScript under Node 24. Needs no package and runs under Node 20, because on a fresh machine there is nothing else.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  databasePackages,
  ensureDebianPackages,
  guestPackages,
  labPackages,
  pythonPackages,
  queuePackages,
  tryDebianPackages,
} from "./bootstrap/debian-packages.mjs";
import { ensureDependencies } from "./bootstrap/dependencies.mjs";
import { handOver } from "./bootstrap/hand-over.mjs";
import { ensureNode24 } from "./bootstrap/node-24.mjs";
import { cacheFolder, checkout } from "./bootstrap/places.mjs";
import { requireDisk, requireGo, requireLinux, requireRoot } from "./bootstrap/preconditions.mjs";
import { Problem } from "./bootstrap/problem.mjs";
import { ensurePythonEnvironment } from "./bootstrap/python-environment.mjs";
import { runStep } from "./bootstrap/run-step.mjs";

const DISK_GIB = 3;
const MAKE_TIMEOUT_MS = 5 * 60_000;

/** What suites of tests need, as their `suite.json` has it, and the virtual environment of Python that holds it. */
const ENVIRONMENTS = { python: "conformance", az: "az" };

/** What each npm script runs, and which parts of the machine it needs. `optional`: does without where they cannot be had, and says so itself. `queue`: a Redis. `python`: virtual environments. */
const COMMANDS = {
  start: {
    file: "infra/dev/supervisor.ts",
    database: true,
    queue: "Wanted",
    lab: (args) => !args.includes("--no-lab"),
    guests: asksForMachines,
  },
  test: {
    file: "infra/dev/test.ts",
    database: true,
    queue: "Needed",
    lab: (args) => !args.includes("--list"),
    guests: () => true,
    python: (args) => (args.includes("--list") ? [] : environmentsOf(args)),
    optional: true,
  },
  "test:long": {
    file: "infra/dev/test.ts",
    fixed: ["--suite", "long"],
    database: true,
    queue: "Needed",
    lab: () => true,
    guests: () => true,
    optional: true,
  },
  simulate: { file: "test/simulator/main.ts" },
  "simulate:long": { file: "test/simulator/long.ts" },
  lab: { file: "infra/lab/lab.ts", lab: (args) => args[0] === "up" || asksForMachines(args), guests: asksForMachines },
  check: { file: "infra/dev/test.ts", fixed: ["--suite", "check,architecture"] },
  generate: { file: "api/generate.ts" },
  register: { file: "services/rollout-worker/src/register.ts" },
  "forget-cluster": { file: "services/control-plane/src/forget-cluster.ts" },
  "grant-owner": { file: "services/control-plane/src/grant-owner.ts" },
  "verify-audit": { file: "services/control-plane/src/verify-audit.ts" },
  hostrouting: { file: "services/cli/src/main.ts" },
  budget: { file: "test/vm/renew-budget.ts", lab: () => true, guests: () => true },
  conformance: { file: "test/conformance/main.ts", database: true },
  "conformance:long": { file: "test/conformance/long.ts", database: true, python: () => ["conformance"] },
  "bench:api": { file: "test/bench/api.ts", database: true },
  "bench:main-job": { file: "test/bench/main-job.ts", database: true, queue: "Wanted", lab: () => true },
  "bench:datapath": { file: "test/bench/datapath.ts", lab: () => true },
  "bench:guard": { file: "test/bench/guard.ts", lab: () => true },
  "bench:preflight": { file: "test/bench/preflight.ts" },
  "bench:queue": { file: "test/bench/queue.ts", database: true, queue: "Needed" },
  "bench:template": { file: "test/bench/template.ts" },
  "bench:rules-scan": { file: "test/bench/rules-scan.ts", lab: () => true },
};

function asksForMachines(args) {
  return args.some((arg) => arg.startsWith("--vm-nodes"));
}

/** Whether a suite is among those that a run of tests was asked for: all of them, or those named. */
function runsSuite(args, suite) {
  const at = args.findIndex((arg) => arg === "--suite" || arg.startsWith("--suite="));
  if (at < 0) return true;
  const names = args[at] === "--suite" ? (args[at + 1] ?? "") : args[at].slice("--suite=".length);
  return names.split(",").includes(suite);
}

/** The virtual environments that the suites of a run need. */
function environmentsOf(args) {
  const folder = path.join(checkout, "test");
  const files = readdirSync(folder)
    .filter((suite) => runsSuite(args, suite))
    .map((suite) => path.join(folder, suite, "suite.json"))
    .filter((file) => existsSync(file));
  const needs = files.flatMap((file) => JSON.parse(readFileSync(file, "utf8")).needs ?? []);
  return Object.keys(ENVIRONMENTS)
    .filter((need) => needs.includes(need))
    .map((need) => ENVIRONMENTS[need]);
}

async function ensureLab({ optional = false, guests = () => false }, args) {
  if (optional && (process.platform !== "linux" || process.getuid() !== 0)) return;
  requireLinux();
  requireRoot("The lab");
  if (!optional) requireGo();
  requireDisk(cacheFolder(), DISK_GIB);
  await ensureDebianPackages(guests(args) && process.arch === "x64" ? [...labPackages, ...guestPackages] : labPackages);
  if (existsSync(path.join(checkout, "bpf/Makefile"))) await ensureObjects();
}

/** `make` decides what is out of date; it is asked first, so that nothing is printed when there is nothing to do. */
async function ensureObjects() {
  if (spawnSync("make", ["-q", "-C", "bpf"], { cwd: checkout }).status === 0) return;
  const remedy = "Run it by hand to see more.";
  await runStep({
    title: "Building the eBPF objects",
    command: "make",
    args: ["-C", "bpf"],
    cwd: checkout,
    timeoutMs: MAKE_TIMEOUT_MS,
    remedy,
  });
}

/** `optional`: a suite whose environment cannot be had is skipped, and says so; here it is said why. */
async function ensurePython(names, optional) {
  try {
    if (names.length > 0) await ensureDebianPackages(pythonPackages);
    for (const name of names) await ensurePythonEnvironment(name);
  } catch (error) {
    if (!(error instanceof Problem) || !optional) throw error;
    process.stdout.write(`Going on without ${names.join(", ")}: ${error.message}\n`);
  }
}

async function main([name, ...args]) {
  const command = COMMANDS[name];
  if (command === undefined) throw new Problem(`"${name ?? ""}" is no command; there are ${Object.keys(COMMANDS).join(", ")}.`);
  if (Number(process.versions.node.split(".")[0]) < 20)
    throw new Problem(`Node ${process.versions.node} is too old: install Node 20 or newer.`);
  if (command.lab?.(args)) await ensureLab(command, args);
  if (command.database) await ensureDebianPackages(databasePackages);
  if (command.queue === "Wanted") await tryDebianPackages(queuePackages);
  if (command.queue === "Needed") await ensureDebianPackages(queuePackages);
  await ensurePython(command.python?.(args) ?? [], command.optional === true);
  const node24 = await ensureNode24();
  await ensureDependencies(node24);
  const env = { ...process.env, PATH: `${path.dirname(node24)}${path.delimiter}${process.env.PATH}` };
  return handOver(node24, ["--disable-warning=ExperimentalWarning", path.join(checkout, command.file), ...(command.fixed ?? []), ...args], {
    cwd: checkout,
    env,
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const full =
    error?.code === "ENOSPC" ? `There is no room left on the disk (${error.path ?? os.homedir()}): make room and try again.` : undefined;
  const known = error instanceof Problem ? error.message : full;
  process.stderr.write(`${known ?? `The set-up failed: ${error?.message ?? error}. Please report it.`}\n`);
  process.exitCode = 1;
}
