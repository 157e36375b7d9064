import { spawn } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { AppError } from "@hostrouting/domain";
import { parseSeries, SERIES, type Series } from "../guests/guest-kernel.ts";
import { cacheFolder } from "../images/cache-folder.ts";
import { addNode, removeNode, retireNode } from "./change-nodes.ts";
import { defaultPools, LAB_NETWORK, NODES_MAX } from "./lab-plan.ts";
import type { LabRecord } from "./lab-record.ts";
import { labStatus } from "./lab-status.ts";
import { labSummary } from "./lab-summary.ts";
import { KUBE_PROXY_MODES, parseKubeProxyMode, type KubeProxyMode } from "./node-commands.ts";
import { DEFAULT_NODE_RESOURCE_GROUP } from "./node-pool.ts";
import { startLab } from "./start-lab.ts";
import { stopLab } from "./stop-lab.ts";
import { toldToEnd } from "./told-to-end.ts";

/** What `npm run lab` says when it does not understand. */
export const LAB_USAGE = `npm run lab -- <command> [--state-dir DIR]
  up [--nodes N] [--api-port PORT]   start a cluster of N nodes (3)
     [--vm-nodes 6.1,6.12]           and a virtual machine for each of these kernels
     [--kube-proxy-mode nftables]    how Services are translated (iptables)
  down                               stop it and leave nothing
  status [--json]                    what runs
  add-node [--vm-nodes 6.12]         start one more node
  remove-node NAME [--drain]         end a node's processes and remove its Node object; with --drain its pods go first
  kubectl ARGS…                      kubectl as the administrator`;

/** The state folder that everything uses unless told otherwise. */
export function defaultStateDir(): string {
  return join(homedir(), ".local/state/acns-hostrouting");
}

/** Runs one command line and gives the exit code. Throws AppError for what the user can mend. */
export async function runLabCommand(args: readonly string[]): Promise<number> {
  const { own, passedOn } = splitAtKubectl(args);
  const { command, rest, options } = readArguments(own);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  switch (command) {
    case "up":
      return up(options, say);
    case "down":
      await stopLab(options.stateDir);
      return 0;
    case "status":
      return status(options, say);
    case "add-node":
      say((await addNode(options.stateDir, { series: options.machines[0] })).name);
      return 0;
    case "remove-node":
      await (options.drain ? retireNode : removeNode)(options.stateDir, rest ?? "");
      return 0;
    case "kubectl":
      return kubectl(options.stateDir, passedOn);
    case "":
    case "help":
      say(LAB_USAGE);
      return command === "help" ? 0 : 2;
    default:
      throw new AppError("lab.usage", { say: `There is no command '${command}'`, do: LAB_USAGE });
  }
}

/** What follows `kubectl` is kubectl's, except our own --state-dir directly after it. */
function splitAtKubectl(args: readonly string[]): { own: readonly string[]; passedOn: readonly string[] } {
  const at = args.indexOf("kubectl") + 1;
  if (at === 0) return { own: args, passedOn: [] };
  const ours = args[at] === "--state-dir" ? 2 : args[at]?.startsWith("--state-dir=") ? 1 : 0;
  return { own: args.slice(0, at + ours), passedOn: args.slice(at + ours) };
}

interface Options {
  readonly stateDir: string;
  readonly nodes: number;
  readonly machines: readonly Series[];
  readonly kubeProxyMode: KubeProxyMode;
  readonly apiPort: number | undefined;
  readonly json: boolean;
  readonly drain: boolean;
}

function readArguments(args: readonly string[]): { command: string; rest: string | undefined; options: Options } {
  const flags = {
    "state-dir": { type: "string" },
    nodes: { type: "string" },
    "vm-nodes": { type: "string" },
    "kube-proxy-mode": { type: "string" },
    "api-port": { type: "string" },
    json: { type: "boolean" },
    drain: { type: "boolean" },
    help: { type: "boolean" },
  } as const;
  const parsed = parse(() => parseArgs({ args: [...args], options: flags, allowPositionals: true }));
  const { values, positionals } = parsed;
  const options = {
    stateDir: values["state-dir"] ?? defaultStateDir(),
    nodes: integer("--nodes", values.nodes, { least: 1, most: NODES_MAX }) ?? 3,
    machines: machines(values["vm-nodes"]),
    kubeProxyMode: kubeProxyMode(values["kube-proxy-mode"]),
    apiPort: integer("--api-port", values["api-port"], { least: 1024, most: 65_535 }),
    json: values.json === true,
    drain: values.drain === true,
  };
  return { command: values.help ? "help" : (positionals[0] ?? ""), rest: positionals[1], options };
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new AppError("lab.usage", { say: cause instanceof Error ? cause.message : String(cause), do: LAB_USAGE });
  }
}

function integer(flag: string, text: string | undefined, { least, most }: { least: number; most: number }): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new AppError("lab.usage", { say: `${flag} is ${text}`, do: `Give a whole number from ${least} to ${most}` });
}

function machines(text: string | undefined): Series[] {
  const series = text === undefined ? [] : parseSeries(text);
  if (series) return series;
  throw new AppError("lab.usage", {
    say: `--vm-nodes is ${text}`,
    do: `Give kernels out of ${Object.keys(SERIES).join(", ")}, with commas between`,
  });
}

function kubeProxyMode(text = "iptables"): KubeProxyMode {
  const mode = parseKubeProxyMode(text);
  if (mode) return mode;
  throw new AppError("lab.usage", { say: `--kube-proxy-mode is ${text}`, do: `Give one of ${KUBE_PROXY_MODES.join(", ")}` });
}

async function up(options: Options, say: (line: string) => void): Promise<number> {
  const before = await labStatus(options.stateDir);
  if (before.state === "ready" && isAsWanted(before.record, options)) {
    say(`already up; stop it first to build it anew\n${labSummary(before, options.stateDir)}`);
    return 0;
  }
  await startLab({
    stateDir: options.stateDir,
    wanted: { pools: defaultPools(options.nodes), machines: options.machines },
    content: "Demo",
    nodeResourceGroup: DEFAULT_NODE_RESOURCE_GROUP,
    serviceCidrs: LAB_NETWORK.serviceCidrs,
    kubeProxyMode: options.kubeProxyMode,
    project: join(import.meta.dirname, "../.."),
    cache: cacheFolder(process.env),
    ...(options.apiPort !== undefined && { apiPort: options.apiPort }),
    onProgress: say,
    signal: toldToEnd(),
  });
  say(labSummary(await labStatus(options.stateDir), options.stateDir));
  return 0;
}

function isAsWanted({ nodes, kubeProxyMode: mode }: LabRecord, options: Options): boolean {
  return nodes.length === options.nodes + options.machines.length && mode === options.kubeProxyMode;
}

async function status(options: Options, say: (line: string) => void): Promise<number> {
  const found = await labStatus(options.stateDir);
  say(options.json ? JSON.stringify(found, null, 2) : labSummary(found, options.stateDir));
  return found.state === "ready" ? 0 : 1;
}

async function kubectl(stateDir: string, args: readonly string[]): Promise<number> {
  const found = await labStatus(stateDir);
  if (found.state === "absent")
    throw new AppError("lab.absent", { say: "No lab runs for this state folder", do: "Start it: npm run lab -- up" });
  const child = spawn(join(found.record.programs, "kubectl"), args, {
    stdio: "inherit",
    env: { ...process.env, KUBECONFIG: found.record.adminKubeconfig },
  });
  return new Promise((resolve, reject) => child.once("error", reject).once("close", (code) => resolve(code ?? 1)));
}
