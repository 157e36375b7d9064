import { AppError, type FlowTrace } from "@hostrouting/domain";
import { exitCodes } from "../exit-code.ts";
import { parseFlow } from "../parse-flow.ts";
import { traceLines } from "../view/trace-view.ts";
import { whyEnded } from "../why-ended.ts";

/** What `node trace` was asked. */
export type TraceOptions = { node: string; kubeconfig?: string | undefined; opening: boolean; output: "table" | "json" };

/** Runs a program of the agent's image beside the agent of a node. */
export type RunBesideAgent = (
  node: string,
  command: readonly string[],
) => Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number }>;

/** In the agent's image, see services/node-agent/src/trace. */
const PROGRAM = ["/usr/bin/node", "/app/services/node-agent/src/trace/main.ts"] as const;

/** `node trace`: asks the node what it does with a flow, and says it. @throws AppError with what was wrong. */
export async function nodeTraceCommand(
  words: readonly string[],
  options: TraceOptions,
  parts: { readonly run: RunBesideAgent; readonly say: (line: string) => void },
): Promise<number> {
  const flow = parseFlow(words);
  const answer = await parts.run(options.node, [...PROGRAM, JSON.stringify({ flow, opening: options.opening })]);
  if (answer.exitCode !== 0) throw new AppError("trace.failed", { say: `The node ${options.node} could not trace: ${whyEnded(answer)}` });
  const trace = parseTrace(answer.stdout, options.node);
  for (const line of options.output === "json"
    ? [JSON.stringify({ node: options.node, ...trace }, null, 2)]
    : traceLines(options.node, trace))
    parts.say(line);
  return exitCodes.ok;
}

function parseTrace(text: string, node: string): FlowTrace {
  try {
    return JSON.parse(text) as FlowTrace;
  } catch (cause) {
    throw new AppError("trace.failed", { say: `The node ${node} gave no answer that can be read`, do: "Look at the agent's log.", cause });
  }
}
