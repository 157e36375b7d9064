import type { ArmCluster } from "@hostrouting/azure";
import { AppError, assessmentMarkdown, type AccelerationMode, type AssessmentReport } from "@hostrouting/domain";
import { exitCodes } from "../exit-code.ts";
import { assessmentLines } from "../view/assessment-view.ts";

/** What `preflight` and `what-if` were asked, and how the answer is shown. */
export type AssessOptions = {
  readonly mode: AccelerationMode;
  /** JSON. */
  readonly policy?: string | undefined;
  readonly json: boolean;
  readonly markdown: boolean;
  readonly output: "table" | "json";
};

function readPolicy(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Said below: what is no JSON is no JSON object.
  }
  throw new AppError("cli.bad-policy", { say: "--policy is no JSON object", do: `Write it as '{"maxUnavailable": 1}'.` });
}

function show(report: AssessmentReport, { json, markdown, output }: AssessOptions): readonly string[] {
  if (json || output === "json") return [JSON.stringify(report, null, 2)];
  return markdown ? [assessmentMarkdown(report).trimEnd()] : assessmentLines(report);
}

/** `preflight` and `what-if`: asks, waits for the report and shows it; 2 when switching would be blocked or would not come to its end. */
export async function assessCommand(
  cluster: Pick<ArmCluster, "assess">,
  options: AssessOptions & { readonly verb: "validate" | "whatIf" },
  say: (line: string) => void,
): Promise<number> {
  const { verb, mode, policy } = options;
  if (options.json && options.markdown)
    throw new AppError("cli.bad-output", { say: "--json and --markdown are two answers", do: "Choose one of them." });
  const body = { mode, ...(policy !== undefined && { rolloutPolicy: readPolicy(policy) }) };
  // The wire's edge: the report's shape is the contract's, which the server is held to.
  const report = (await cluster.assess(verb, body)) as AssessmentReport;
  for (const line of show(report, options)) say(line);
  const ends = report.forecast === undefined || ["Succeeded", "NothingToDo"].includes(report.forecast.outcome);
  return report.verdict === "Passed" && ends ? exitCodes.ok : exitCodes.blocked;
}
