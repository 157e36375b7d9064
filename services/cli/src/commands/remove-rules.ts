import { AppError, type RuleRemoval } from "@hostrouting/domain";
import { exitCodes } from "../exit-code.ts";
import { removalLines } from "../view/removal-view.ts";
import { whyEnded } from "../why-ended.ts";
import type { RunBesideAgent } from "./node-trace.ts";

/** What `node remove-rules` was asked. */
export type RemovalOptions = { digest: string; kubeconfig?: string | undefined; output: "table" | "json" };

/** In the agent's image, see services/node-agent/src/rules/removal. */
const PROGRAM = ["/usr/bin/node", "/app/services/node-agent/src/rules/removal/main.ts"] as const;

/** `node remove-rules`: removes the rules of one scan from a node, and says what became of each. @throws AppError with what was wrong. */
export async function removeRulesCommand(
  node: string,
  options: RemovalOptions,
  parts: { readonly run: RunBesideAgent; readonly say: (line: string) => void },
): Promise<number> {
  const answer = await parts.run(node, [...PROGRAM, options.digest]);
  if (answer.exitCode !== 0) throw failed(node, whyEnded(answer));
  const removal = parseRemoval(answer.stdout, node);
  for (const line of options.output === "json" ? [JSON.stringify({ node, ...removal }, null, 2)] : removalLines(node, removal))
    parts.say(line);
  if (removal.outcome === "Refused") return exitCodes.blocked;
  return removal.rules.every(({ outcome }) => outcome === "Removed") ? exitCodes.ok : exitCodes.failed;
}

function parseRemoval(text: string, node: string): RuleRemoval {
  try {
    return JSON.parse(text) as RuleRemoval;
  } catch (cause) {
    throw new AppError("rules.removal-failed", {
      say: `The node ${node} gave no answer that can be read`,
      do: "Look at the agent's log.",
      cause,
    });
  }
}

function failed(node: string, why: string): AppError {
  return new AppError("rules.removal-failed", { say: `The node ${node} could not remove rules: ${why}` });
}
