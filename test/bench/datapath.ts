/**
 * `npm run bench:datapath`: how close host routing comes to the limit of the machine, beside the stack with 0 to 10,000 rules, and what
 * its programs, its switch and its translation cost. Needs root; everything happens in network namespaces of its own.
 * `--rounds N`, `--run-ms N`; `--quick`: a minute, for a look, writes nothing. Else writes docs/benchmarks/datapath.{json,svg,md}.
 * Exits 1 when a floor or a bound is missed, or too few rounds were steady to tell.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { measureDenials } from "./datapath/denial-cost.ts";
import { judge } from "./datapath/floors.ts";
import { LoadGenerator } from "./datapath/load-generator.ts";
import { measureLoad } from "./datapath/load-time.ts";
import { measureMasquerade } from "./datapath/masquerade-load.ts";
import { measurePrograms } from "./datapath/program-cost.ts";
import { reportChart, reportPage } from "./datapath/report-page.ts";
import { isWithin, type Report } from "./datapath/report.ts";
import { Rounds } from "./datapath/rounds.ts";
import { measureSwitch } from "./datapath/switch-time.ts";
import { measureTracingCost } from "./datapath/tracing-cost.ts";
import { Variants } from "./datapath/variants.ts";

const CHECKOUT = path.join(import.meta.dirname, "../..");
const DOCS = path.join(CHECKOUT, "docs/benchmarks");
const FULL = { rounds: 15, bulkRounds: 3, runMs: 300, pairs: 21, programMs: 1000 };
/** 3 rounds: fewer are never judged. */
const QUICK = { rounds: 3, bulkRounds: 1, runMs: 60, pairs: 5, programMs: 200 };
/** The measured part of the page; what stands around it is written by hand. */
const MARKS = { begin: "<!-- measured: begin -->", end: "<!-- measured: end -->" };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function machine(): string {
  const model = /model name\s*: (.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown processor";
  const iptables = execFileSync("iptables", ["--version"], { encoding: "utf8" }).trim();
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Linux ${release()}, ${iptables}, Node ${process.version}`;
}

async function measure(size: typeof FULL): Promise<Omit<Report, "measuredAt" | "machine" | "command">> {
  const generator = new LoadGenerator();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => generator.stop());
  let variants: Variants | undefined;
  try {
    const load = measureLoad();
    say("Switch of a node with 100 pods …");
    const switched = await measureSwitch(generator);
    say("Networks of all variants …");
    variants = new Variants();
    const rounds = new Rounds(variants, generator, size.runMs);
    await rounds.run(size, (round) => say(`Round ${round} of ${size.rounds}`));
    const programs = await measurePrograms(variants, generator, size.programMs);
    const tracing = await measureTracingCost(variants, generator, size);
    const denials = await measureDenials(variants, generator, size);
    const masquerade = await measureMasquerade(variants, generator);
    return {
      runMs: size.runMs,
      rows: rounds.rows(),
      judged: judge(rounds.series()),
      programs,
      figures: [load, ...switched, tracing, ...denials, ...masquerade],
    };
  } finally {
    variants?.close();
    generator.close();
  }
}

function write(report: Report): void {
  const file = (kind: string): string => path.join(DOCS, `datapath.${kind}`);
  const page = existsSync(file("md")) ? readFileSync(file("md"), "utf8") : `# The datapath\n\n${MARKS.begin}\n${MARKS.end}\n`;
  const [head, rest] = page.split(MARKS.begin);
  const tail = rest?.split(MARKS.end)[1];
  if (head === undefined || tail === undefined) throw new Error(`${file("md")} has lost its marks ${MARKS.begin} and ${MARKS.end}`);
  writeFileSync(file("json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(file("svg"), reportChart(report));
  writeFileSync(file("md"), `${head}${MARKS.begin}\n\n${reportPage(report)}\n${MARKS.end}${tail}`);
  execFileSync(path.join(CHECKOUT, "node_modules/.bin/oxfmt"), [file("json"), file("md")], { cwd: CHECKOUT });
}

const { values } = parseArgs({
  options: { rounds: { type: "string" }, "run-ms": { type: "string" }, quick: { type: "boolean", default: false } },
});
const preset = values.quick ? QUICK : FULL;
const size = { ...preset, rounds: Number(values.rounds ?? preset.rounds), runMs: Number(values["run-ms"] ?? preset.runMs) };
if (!Number.isInteger(size.rounds) || size.rounds < 1) throw new RangeError("--rounds is a whole number from 1");
if (!Number.isInteger(size.runMs) || size.runMs < 10) throw new RangeError("--run-ms is a whole number from 10");
const command = ["npm run bench:datapath", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" ");
const report: Report = { measuredAt: new Date().toISOString(), machine: machine(), command, ...(await measure(size)) };
say(reportPage(report));
if (!values.quick) write(report);
const held = report.judged.every(({ verdict }) => verdict === "Held" || verdict === "GoalMissed") && report.figures.every(isWithin);
process.exitCode = held ? 0 : 1;
