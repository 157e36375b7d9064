import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { AppError } from "@hostrouting/domain";
import { createCgroup, type Hierarchy } from "./cgroups.ts";
import type { LabPlan, NamespacePlan, ServiceRanges } from "./lab-plan.ts";
import { isRunning, startProcess, type LabProcess } from "./lab-process.ts";
import { FRUGAL, nodeCommand, type KubeProxyMode } from "./node-commands.ts";
import { settleAll } from "./settle-all.ts";
import { waitUntil } from "./wait-until.ts";

/** What the programs of a node of namespaces need to run. */
export interface NodeStart {
  readonly lab: LabPlan;
  readonly node: NamespacePlan;
  readonly hierarchies: readonly Hierarchy[];
  /** Folder of the Kubernetes programs. */
  readonly programs: string;
  /** Folder of the unpacked images. */
  readonly template: string;
  readonly kubeProxyMode: KubeProxyMode;
  readonly serviceCidrs: ServiceRanges;
}

/** containerd listens half a second after its start; a loaded machine may need a few. */
const CONTAINERD_TIMEOUT_MS = 30_000;
const CONTAINERD_ASK_MS = 25;

const INIT = join(import.meta.dirname, "node-init.sh");

/** Starts the node's containerd, whose process holds the node's namespaces. The node's folder must have been written. */
export async function startContainerd(start: NodeStart): Promise<LabProcess> {
  const { lab, node } = start;
  await createCgroup(start.hierarchies, `${lab.cgroup}/${node.name}`);
  return startIn(start, "containerd", [
    ...["nsenter", `--net=/run/netns/${node.netns}`, "unshare", "--mount", "--uts", "--propagation", "private"],
    ...["sh", INIT, node.name, node.folder, start.programs, start.template],
  ]);
}

/**
 * Waits until the node's containerd accepts connections: the kubelet ends when it does not. Throws AppError `lab.node-failed` when
 * containerd, or the script that prepares the node, has ended.
 */
export async function waitForContainerd(start: NodeStart, containerd: LabProcess): Promise<void> {
  const root = `/proc/${containerd.pid}/root`;
  const log = join(start.lab.folder, "log", `${start.node.name}-containerd.log`);
  const wait = {
    what: `containerd of ${start.node.name}`,
    everyMs: CONTAINERD_ASK_MS,
    timeoutMs: CONTAINERD_TIMEOUT_MS,
    remedy: `Read ${log}`,
  };
  await waitUntil(wait, async () => {
    if (!isRunning(containerd)) return "ended" as const;
    // Before the script has mounted the node's own /run, this path is the machine's.
    return existsSync(`${root}/run/lab/node`) && (await accepts(`${root}/run/containerd/containerd.sock`)) ? ("up" as const) : undefined;
  }).then((state) => {
    if (state === "ended") throw new AppError("lab.node-failed", { say: `containerd of ${start.node.name} has ended`, do: wait.remedy });
  });
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Starts kubelet and kube-proxy inside the node that `containerd` holds. */
export function startKubernetes(start: NodeStart, containerd: LabProcess): Promise<LabProcess[]> {
  const enter = ["nsenter", `--target=${containerd.pid}`, "--net", "--mount", "--uts"];
  const programs = ["kubelet", "kube-proxy"] as const;
  return settleAll(programs.map((program) => startIn(start, program, [...enter, ...nodeCommand(start, program)])));
}

/** Removes a node's files, whatever it lived in; its processes must have ended. @param folder see `nodeFolder` */
export async function removeNodeFiles(folder: string): Promise<void> {
  for (const kind of ["", ".ext4", ".cpio"]) await rm(`${folder}${kind}`, { recursive: true, force: true });
}

function startIn(start: NodeStart, program: string, argv: readonly string[]): Promise<LabProcess> {
  return startProcess({
    name: `${start.node.name}/${program}`,
    argv,
    // as systemd would, so that the guard knows the node's own services
    cgroup: `${start.lab.cgroup}/${start.node.name}/system.slice/${program}.service`,
    hierarchies: start.hierarchies,
    logFile: join(start.lab.folder, "log", `${start.node.name}-${program}.log`),
    env: FRUGAL,
  });
}
