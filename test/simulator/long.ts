/**
 * `npm run simulate:long [-- --seeds K]`: 10,000 seeds (unless said) in two processes, and what they did in docs/benchmarks/simulator.md. The log is
 * written when all of them ran, whatever they found; seeds that broke an invariant are named in it.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import type { RunSummary } from "./run-summary.ts";

const PROCESSES = 2;
const log = path.resolve(import.meta.dirname, "../../docs/benchmarks/simulator.md");
const { values } = parseArgs({ options: { seeds: { type: "string", default: "10000" } } });
const seeds = Number(values.seeds);
const began = Date.now();

const folder = mkdtempSync(path.join(tmpdir(), "hostrouting-simulate-"));
const each = Math.ceil(seeds / PROCESSES);
const summaries = await Promise.all(
  Array.from({ length: PROCESSES }, async (_, index): Promise<RunSummary> => {
    const report = path.join(folder, `${index}.json`);
    const args = ["--seed", String(1 + index * each), "--seeds", String(each), "--report", report, "--mixed", "--quiet"];
    await finished([path.join(import.meta.dirname, "main.ts"), ...args]);
    return JSON.parse(readFileSync(report, "utf8")) as RunSummary;
  }),
);
rmSync(folder, { recursive: true });
writeFileSync(log, describe(summaries, Math.round((Date.now() - began) / 1_000)));
process.exitCode = summaries.some(({ broken }) => broken.length > 0) ? 1 : 0;

function finished(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], { stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", () => resolve());
  });
}

function describe(all: readonly RunSummary[], seconds: number): string {
  const sum = (of: (summary: RunSummary) => number): string => all.reduce((total, one) => total + of(one), 0).toLocaleString("en");
  const names = [...new Set(all.flatMap(({ faults }) => Object.keys(faults)))].toSorted();
  const ends = [...new Set(all.flatMap(({ ended }) => Object.keys(ended)))].toSorted();
  const broken = all.flatMap((one) => one.broken);
  return [
    "# The simulator's long run",
    "",
    "Written by `npm run simulate:long`; what it is and what it checks: [test/simulator](../../test/simulator/README.md).",
    "",
    `- ${sum(({ seeds: ran }) => ran)} seeds in ${seconds} s, ${PROCESSES} processes on ${cpus().length} cores, Node ${process.versions.node}`,
    `- ${sum(({ steps }) => steps)} steps, ${sum(({ simulatedMs }) => Math.round(simulatedMs / 3_600_000))} hours simulated`,
    `- ${sum(({ checks }) => checks)} questions to invariants`,
    broken.length === 0 ? "- no invariant was broken" : `- ${broken.length} seeds broke an invariant:`,
    ...broken.map(({ seed, invariant, what }) => `  - seed ${seed}: ${invariant}: ${what}`),
    "",
    "| Operations | ended |",
    "|--|--:|",
    ...ends.map((name) => `| ${name} | ${sum(({ ended }) => ended[name] ?? 0)} |`),
    "",
    "| Fault | struck |",
    "|--|--:|",
    ...names.map((name) => `| ${name} | ${sum(({ faults }) => faults[name] ?? 0)} |`),
    "",
  ].join("\n");
}
