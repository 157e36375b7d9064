/**
 * `npm run simulate -- --seed S --clusters N --nodes M [--seeds K] [--verbose]`: runs seeds from S on, prints each, and the end of the trace of one
 * that broke an invariant. The same seed, clusters and nodes give the same run. For the long run: `--mixed` takes the sizes of `npm test`,
 * `--quiet` prints broken seeds only, `--report FILE` writes what all did together.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { addResult, mixedSize, newSummary } from "./run-summary.ts";
import { simulateSeed, type SeedResult } from "./simulate-seed.ts";

const TRACE_LINES = 120;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number of at least 1, not ${text}`);
  return value;
}

function tell(result: SeedResult, isVerbose: boolean): void {
  const { seed, steps, simulatedMs, operations, traceHash, broken, trace, end } = result;
  const said = broken === undefined ? "ok" : `BROKEN ${broken.invariant}: ${broken.what}`;
  say(
    `seed ${seed}: ${steps} steps, ${Math.round(simulatedMs / 1_000)} s simulated, ${operations} operations, trace ${traceHash}: ${said}`,
  );
  if (broken !== undefined || isVerbose) for (const line of isVerbose ? trace : trace.slice(-TRACE_LINES)) say(`  ${line}`);
  for (const line of end) say(`  ${line}`);
}

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    clusters: { type: "string", default: "1" },
    nodes: { type: "string", default: "3" },
    verbose: { type: "boolean", default: false },
    quiet: { type: "boolean", default: false },
    mixed: { type: "boolean", default: false },
    report: { type: "string" },
  },
});
const first = wholeNumber("seed", values.seed);
const size = { clusters: wholeNumber("clusters", values.clusters), nodes: wholeNumber("nodes", values.nodes) };
const summary = newSummary();
for (let seed = first; seed < first + wholeNumber("seeds", values.seeds); seed += 1) {
  const result = await simulateSeed({ seed, ...(values.mixed ? mixedSize(seed) : size) });
  addResult(summary, result);
  if (!values.quiet || result.broken !== undefined) tell(result, values.verbose);
}
if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(summary));
say(`${summary.seeds} seeds, ${summary.broken.length} broken`);
process.exitCode = summary.broken.length === 0 ? 0 : 1;
