/**
 * The command `hostrouting`. Shows only what the API says, and of one node what its agent says. Exit codes: 0 done, 1 usage, 2 blocked, 4 in progress, 5 failed, 6 not authorised.
 */
import { ArmRefusal, openArmCluster } from "@hostrouting/azure";
import { advise, type AccelerationMode } from "@hostrouting/domain";
import { Command, Option } from "commander";
import { assessCommand, type AssessOptions } from "./commands/assess.ts";
import { askCommand } from "./commands/ask.ts";
import { findingsCommand, type FindingsOptions } from "./commands/findings.ts";
import { nodeTraceCommand, type RunBesideAgent, type TraceOptions } from "./commands/node-trace.ts";
import { operationsCommand } from "./commands/operations.ts";
import { removeRulesCommand, type RemovalOptions } from "./commands/remove-rules.ts";
import { setModeCommand, type CommandParts } from "./commands/set-mode.ts";
import { statusCommand } from "./commands/status.ts";
import type { TranslateOptions } from "./commands/translate-rules.ts";
import { usageCommand, type UsageOptions } from "./commands/usage.ts";
import { defaultConnectionFile, readConnectionFile, type ClusterChoice } from "./connection-file.ts";
import { exitCodeOf } from "./exit-code.ts";
import { readPicture } from "./read-picture.ts";
import { errorLines, hostRoutingLines, type HostRoutingPicture } from "./view/host-routing-view.ts";
import { screenFor } from "./view/screen.ts";

type Common = ClusterChoice & { readyFile: string; output: "table" | "json" };

function parts({ readyFile, output, ...choice }: Common): CommandParts {
  const connection = readConnectionFile(readyFile, choice);
  const cluster = openArmCluster(connection);
  const json = output === "json";
  return {
    cluster,
    read: () => readPicture(cluster),
    lines: (picture: HostRoutingPicture) =>
      json ? [JSON.stringify(picture, null, 2)] : hostRoutingLines(picture, connection.cluster, Date.now()),
    screen: screenFor(process.stdout),
    say: (line) => void (json ? process.stderr : process.stdout).write(`${line}\n`),
  };
}

function program(ended: (code: number) => void): Command {
  const root = new Command("hostrouting")
    .description("Turns eBPF host routing on and off for a managed cluster, and shows how it goes.")
    .exitOverride();
  const add = (name: string, description: string): Command =>
    root
      .command(name)
      .description(description)
      .addOption(new Option("--ready-file <file>", "where the endpoint is").env("HOSTROUTING_READY_FILE").default(defaultConnectionFile()))
      .option("-g, --resource-group <name>", "of the cluster; else the ready file's")
      .option("-n, --cluster <name>", "the cluster; else the ready file's")
      .addOption(new Option("-o, --output <form>", "table or json").choices(["table", "json"]).default("table"));
  const setMode = (name: string, description: string, mode: AccelerationMode): void => {
    add(name, description)
      .option("--no-wait", "return once the request is accepted (exit code 4)")
      .action(async (options: Common & { wait: boolean }) => ended(await setModeCommand(parts(options), mode, options)));
  };
  setMode("enable", "turn host routing on, node by node", "BpfVeth");
  setMode("disable", "turn host routing off, node by node", "None");
  add("status", "show host routing and its nodes")
    .option("--watch", "until nothing is under way any more", false)
    .action(async (options: Common & { watch: boolean }) => ended(await statusCommand(parts(options), options)));
  add("findings", "show packet filter rules that keep host routing from nodes, and how each is removed")
    .option("--node <name>", "of one node")
    .action(async (options: Common & FindingsOptions) => ended(await findingsCommand(parts(options).cluster, options, print)));
  add("operations", "show what was asked of the cluster, by whom, and what became of it, the newest first").action(
    async (options: Common) => ended(await operationsCommand(parts(options).cluster, options, print)),
  );
  add("usage", "show for how long nodes were enabled, by day and pool")
    .option("--from <day>", "first UTC day, YYYY-MM-DD; else the first of the month")
    .option("--to <day>", "last UTC day; else today")
    .action(async (options: Common & UsageOptions) => ended(await usageCommand(parts(options).cluster, options, print)));
  addQuestions(add, ended);
  addVerbs(add, ended);
  addTranslation(root, ended);
  addNodeCommands(root, ended);
  return root;
}

/** What may be asked of a cluster without changing it. */
function addQuestions(add: (name: string, description: string) => Command, ended: (code: number) => void): void {
  const questions = {
    preflight: ["validate", "run every preflight rule without touching the cluster (exit code 2 when one blocks)"],
    "what-if": ["whatIf", "show what switching would do: batches, duration, what holds it, what it costs, what changes in the cluster"],
  } as const;
  for (const [name, [verb, description]] of Object.entries(questions))
    add(name, description)
      .addOption(new Option("--mode <mode>", "what is asked about").choices(["BpfVeth", "None"]).default("BpfVeth"))
      .option("--policy <json>", "changes to the rollout policy that count for the answer only, as a JSON object")
      .option("--json", "the whole report as JSON, as -o json", false)
      .option("--markdown", "the whole report as Markdown", false)
      .action(async (options: Common & AssessOptions) => ended(await assessCommand(parts(options).cluster, { ...options, verb }, print)));
}

/** What may be asked of the operation that is under way, or has failed. */
function addVerbs(add: (name: string, description: string) => Command, ended: (code: number) => void): void {
  const asks = {
    pause: "start no further node; those that are being switched are finished first",
    resume: "go on with a paused operation",
    rollback: "take back what a paused, soaking or failed operation has switched, node by node, the last one first",
    upgrade: "bring every node to the newest bundle, node by node, without draining any",
    cancel: "end the operation; nodes that are being switched are finished first, and what was switched stays",
  } as const;
  for (const [verb, description] of Object.entries(asks))
    add(verb, description).action(async (options: Common) => ended(await askCommand(parts(options), verb)));
  const answers = { approve: "open the gate that holds the operation", reject: "cancel the operation at the gate that holds it" };
  for (const [verb, description] of Object.entries(answers))
    add(verb, description)
      .argument("<gate>", "as the wait names it")
      .requiredOption("--comment <text>", "why; kept in the history")
      .action(async (gate: string, { comment, ...options }: Common & { comment: string }) =>
        ended(await askCommand(parts(options), verb, { gate, comment })),
      );
  add("acknowledge", "accept how many connections may break, where the rollout policy asks for it")
    .argument("<connections>", "the number that `status` shows; refused when there are more by now", Number)
    .action(async (connections: number, options: Common) => ended(await askCommand(parts(options), "acknowledge", { connections })));
  add("retry", "try nodes again that failed or could not be drained")
    .option("--node <name>", "this one only, also if it was skipped")
    .action(async ({ node, ...options }: Common & { node?: string }) =>
      ended(await askCommand(parts(options), "retry", node === undefined ? {} : { node })),
    );
  add("skip", "leave a node out of the operation; it counts as not enabled")
    .argument("<node>")
    .requiredOption("--reason <text>", "why; shown where the node is missed")
    .action(async (node: string, { reason, ...options }: Common & { reason: string }) =>
      ended(await askCommand(parts(options), "skip", { node, reason })),
    );
}

/** Needs no installation: it reads files. Its parsers are loaded when they are asked for. */
function addTranslation(root: Command, ended: (code: number) => void): void {
  root
    .command("translate-rules")
    .description("say packet filter rules as a network policy (on standard output); what cannot be said has a reason and a hint")
    .argument("<file...>", "what iptables-save, ip6tables-save or `nft -j list ruleset` printed; - is standard input")
    .option("--name <name>", "of the policy", "from-packet-filter-rules")
    .option("--cluster-cidr <cidr...>", "ranges of pods, Services and nodes, of which policies by address do not speak", [])
    .option("--node-address <address...>", "addresses of nodes: a rule that exempts one of them exempts no pod", [])
    .action(async (files: string[], options: TranslateOptions) => {
      const { readDumpFile, translateRulesCommand } = await import("./commands/translate-rules.ts");
      const remark = (line: string): void => void process.stderr.write(`${line}\n`);
      ended(await translateRulesCommand(files, options, { read: readDumpFile, policy: print, remark }));
    });
}

/** Commands about one node. They speak to the cluster's own API server, so they work with the installation's endpoint away. */
function addNodeCommands(root: Command, ended: (code: number) => void): void {
  const node = root.command("node").description("look into one node, or clean it");
  const add = (name: string, description: string): Command =>
    node
      .command(name)
      .description(description)
      .option("--kubeconfig <file>", "the cluster's kubeconfig; else KUBECONFIG and the usual places")
      .addOption(new Option("-o, --output <form>", "table or json").choices(["table", "json"]).default("table"));
  add("trace", "show which path a flow takes on a node, there and back, and why; sends nothing")
    .argument("<flow...>", "protocol (tcp, udp, icmp), who began it, to whom: tcp 10.244.1.5:40000 [fd00::7]:80; icmp has no ports")
    .requiredOption("--node <name>", "the node to ask")
    .option("--opening", "look at a connection's first packet instead of one in its middle", false)
    .action(async (words: string[], options: TraceOptions) =>
      ended(await nodeTraceCommand(words, options, { run: besideAgent(options), say: print })),
    );
  add("remove-rules", "remove the packet filter rules of one scan from a node: those that `findings` names, and no others")
    .argument("<node>", "the node to clean")
    .requiredOption("--digest <digest>", "of the scan, as `status` says it; with other rules by now nothing is removed (exit code 2)")
    .action(async (name: string, options: RemovalOptions) =>
      ended(await removeRulesCommand(name, options, { run: besideAgent(options), say: print })),
    );
}

/** Kubernetes' client takes a second to load, which no other command needs to wait for. */
function besideAgent({ kubeconfig }: { kubeconfig?: string | undefined }): RunBesideAgent {
  return async (node, command) => (await import("@hostrouting/kube")).runBesideAgent(kubeconfig, node, command);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function report(error: unknown): void {
  const lines =
    error instanceof ArmRefusal
      ? errorLines({ ...error.problem.error, details: [...(error.problem.error.details ?? [])] } as never)
      : [advise(error)];
  process.stderr.write(`${lines.map((line) => line.trimStart()).join("\n")}\n`);
}

// `hostrouting operations | head`: whoever read has enough, and that is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await program((code) => (process.exitCode = code)).parseAsync();
} catch (error) {
  const own = (error as { code?: string }).code?.startsWith("commander.") === true;
  if (!own) report(error);
  process.exitCode = own ? (error as { exitCode: number }).exitCode : exitCodeOf(error);
}
