/**
 * `npm run conformance:long [-- --cases N] [--seed S]`: 20,000 requests (unless said) by the OpenAPI document, and what came of them in
 * docs/benchmarks/fuzz.md. Exits with 1 if there is a finding.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startTestDatabase } from "../../infra/dev/test-database.ts";
import { WITHOUT_LIMITS, runFuzz, type FuzzSummary } from "./fuzz.ts";
import { startOwnTarget } from "./own-target.ts";

const MAX_SECONDS = 3_000;
const log = path.resolve(import.meta.dirname, "../../docs/benchmarks/fuzz.md");
const { values } = parseArgs({ options: { cases: { type: "string", default: "20000" }, seed: { type: "string", default: "1" } } });

function describe({ seed, cases, operations, ofOperations, seconds, statuses, findings }: FuzzSummary): string {
  return [
    "# The fuzz of the ARM surface, long run",
    "",
    "Written by `npm run conformance:long`; what it asks and what it checks: [conformance](../conformance.md#fuzz).",
    "",
    `- ${cases.toLocaleString("en")} requests to ${operations} of ${ofOperations} operations in ${seconds} s, seed ${seed}, ${cpus().length} cores, Node ${process.versions.node}`,
    findings.length === 0 ? "- no finding" : `- ${findings.length} findings:`,
    ...findings.map((one) => `  - ${one.operation}: ${one.what.split("\n", 1)[0]} (${one.times} times): \`${one.request.slice(0, 300)}\``),
    "",
    "| Reply | times |",
    "|--|--:|",
    ...Object.entries(statuses).map(([status, times]) => `| ${status} | ${times.toLocaleString("en")} |`),
    "",
  ].join("\n");
}

const database = await startTestDatabase();
process.env["HOSTROUTING_TEST_DATABASE_URL"] = database.url;
try {
  const target = await startOwnTarget(WITHOUT_LIMITS);
  try {
    const summary = await runFuzz(target, { cases: Number(values.cases), seed: Number(values.seed), maxSeconds: MAX_SECONDS });
    writeFileSync(log, describe(summary));
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    process.exitCode = summary.findings.length === 0 && summary.cases >= Number(values.cases) ? 0 : 1;
  } finally {
    await target.close();
  }
} finally {
  await database.stop();
}
