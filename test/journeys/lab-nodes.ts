import { execFile } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { LabRecord, MachineNode, NamespaceNode } from "../../infra/lab/lab-record.ts";
import { REASONS, type Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import type { KernelView } from "./kernel-view.ts";

const run = promisify(execFile);

/** A node of the lab that is a set of namespaces, which can be entered. */
export type LabNode = NamespaceNode;

/** The nodes of namespaces that the lab runs now. */
export function labNodes(stateDir: string): LabNode[] {
  return labRecord(stateDir).nodes.filter((node) => node.kind === "Namespaces");
}

/** The virtual machines that the lab runs now. */
export function labMachines(stateDir: string): MachineNode[] {
  return labRecord(stateDir).nodes.filter((node) => node.kind === "Machine");
}

/** What the lab says of itself. */
export function labRecord(stateDir: string): LabRecord {
  return JSON.parse(readFileSync(path.join(stateDir, "lab", "lab.json"), "utf8")) as LabRecord;
}

/** Sends SIGKILL to a process of the lab by its name, as `kube-apiserver` or `aks-user-0/kubelet`. @throws when none of that name is recorded */
export function killInLab(stateDir: string, name: string): void {
  const found = labRecord(stateDir).processes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the lab of ${stateDir} has no ${name}`);
  process.kill(found.pid, "SIGKILL");
}

/** Runs a command in a node's namespaces, as a root shell on the node would. */
export async function onNode(node: LabNode, ...command: string[]): Promise<string> {
  const { stdout } = await run("nsenter", ["--target", String(node.containerdPid), "--net", "--mount", "--", ...command], {
    timeout: 30_000,
    maxBuffer: 32 << 20,
  });
  return stdout;
}

/** What the kernel shows on a node. */
export async function kernelView(node: LabNode): Promise<KernelView> {
  return JSON.parse(await onNode(node, process.execPath, path.join(import.meta.dirname, "kernel-view.ts")));
}

/** HR_MODE_ON of bpf/shared/host_routing.h. */
export const MODE_ON = 1;

/** Packets of both directions with one reason, since the counters were made. */
export function packetsFor(view: KernelView, reason: Reason): number {
  return Object.entries(view.packets)
    .filter(([key]) => REASONS[Number(key) % REASONS.length] === reason)
    .reduce((sum, [, packets]) => sum + packets, 0);
}

/** Whether a pod's packet was left to the stack; traffic of the node itself is none. */
function isLeft(reason: Reason): boolean {
  return reason.startsWith("Stack") && reason !== "StackHost";
}

/** Redirected and other packets of pods since the counters were made; traffic of the node itself is neither. */
export function packetsOf(view: KernelView): { fast: number; stack: number } {
  const total = (wanted: (reason: Reason) => boolean): number =>
    REASONS.filter(wanted).reduce((sum, reason) => sum + packetsFor(view, reason), 0);
  return { fast: total((reason) => reason.startsWith("Fast")), stack: total(isLeft) };
}

/** Why packets of pods were left to the stack since the counters showed `before`, the most frequent reason first. */
export function stackReasons(before: KernelView, now: KernelView): ReadonlyMap<Reason, number> {
  const counts = REASONS.filter(isLeft)
    .map((reason): [Reason, number] => [reason, packetsFor(now, reason) - packetsFor(before, reason)])
    .filter(([, packets]) => packets > 0);
  return new Map(counts.sort(([, one], [, other]) => other - one));
}

/** The agent's process on a node. @throws when none runs */
export async function agentPid(node: LabNode): Promise<number> {
  const { stdout } = await run("pgrep", ["-f", "/app/services/node-agent/src/main.ts"]);
  const netns = readlinkSync(`/proc/${node.containerdPid}/ns/net`);
  // A node's agent is told from another's by the network namespace that it shares with its node. Its first thread leaves that one for moments
  // (canaries, probes, pods' sockets); its others never do.
  const pid = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map(Number)
    .find((one) => namespacesOf(one).includes(netns));
  if (pid === undefined) throw new Error(`no agent runs on ${node.name}`);
  return pid;
}

/** Sends a signal to the agent's process on a node; answers its pid. The kubelet starts one that ended again. */
export async function signalAgent(node: LabNode, signal: NodeJS.Signals): Promise<number> {
  const pid = await agentPid(node);
  process.kill(pid, signal);
  return pid;
}

/** Network namespaces of a process's threads. */
function namespacesOf(pid: number): string[] {
  const threads = unlessEnded(() => readdirSync(`/proc/${pid}/task`));
  return threads.flatMap((thread) => unlessEnded(() => [readlinkSync(`/proc/${pid}/task/${thread}/ns/net`)]));
}

/** Nothing of a process, or a thread, that has ended. */
function unlessEnded(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    return [];
  }
}
