/**
 * Removes the rules of one scan of this node: `node rules/removal/main.ts DIGEST`, beside the agent and with its rights, which the guard lets
 * write. Answers a RuleRemoval as JSON on standard output. Exit code 1 with one sentence on standard error.
 */
import { AppError, explain, type RuleRemoval } from "@hostrouting/domain";
import { defaultAllowList, loadAllowList } from "@hostrouting/netfilter";
import { readConfig } from "@hostrouting/runtime";
import { AGENT_SETTINGS } from "../../agent-config.ts";
import { nodeRuleReaders } from "../rule-readers.ts";
import { runTool } from "../run-tool.ts";
import { removeRules } from "./remove-rules.ts";

/** After it nothing is begun. With the last command and the last scan, which may take half a minute, it ends before packages/kube gives up waiting for a program (180 s). */
const TIME_MS = 90_000;
/** A busy node takes seconds to start a program, and the older backend's lock is waited for. */
const TOOL_LIMITS = { timeoutMs: 20_000, bytesMax: 64 * 1024 };

async function main(digest: string | undefined): Promise<RuleRemoval> {
  if (digest === undefined) throw new AppError("rules.no-digest", { say: "Which rules are to be removed was not said" });
  const { objectPath } = readConfig({ objectPath: AGENT_SETTINGS.objectPath }, process.env);
  const readers = nodeRuleReaders(objectPath);
  const endsAt = performance.now() + TIME_MS;
  return removeRules(digest, {
    read: async () => (await Promise.all([readers.told(), readers.silent()])).flat(),
    run: (command) => runTool(command, TOOL_LIMITS),
    allowList: loadAllowList(defaultAllowList),
    msLeft: () => endsAt - performance.now(),
  });
}

try {
  process.stdout.write(`${JSON.stringify(await main(process.argv[2]))}\n`);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
