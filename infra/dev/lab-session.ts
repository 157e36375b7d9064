import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, as, type Instant } from "@hostrouting/domain";
import { planLab } from "../lab/lab-plan.ts";
import { readLabRecord, type LabRecord } from "../lab/lab-record.ts";
import { keepLogs, removeLab } from "../lab/stop-lab.ts";
import { ensureUserKubeconfigs } from "../lab-provider/user-kubeconfigs.ts";
import type { Installation } from "./installation.ts";
import { labManagedCluster, labPolicy } from "./lab-cluster.ts";
import { labPlace, registerCluster } from "./register.ts";
import type { Bundle } from "./service-plans.ts";
import type { StartOptions } from "./start-options.ts";
import { dyingWithStarter } from "./supervised-child.ts";

/** The lab as long as this process runs. starting → up | failed; `stop` may be called in each and leaves nothing. */
export type LabSession = {
  /** Resolves when the cluster is Ready. @throws AppError `start.lab-failed` */
  readonly up: Promise<LabRecord>;
  stop(): Promise<void>;
};

/** How a lab is started; `say` gets its progress, line by line. */
export type LabSessionOptions = Pick<StartOptions, "nodes" | "machines" | "kubeProxyMode"> & {
  readonly stateDir: string;
  readonly say: (line: string) => void;
};

const checkout = path.resolve(import.meta.dirname, "../..");
/** The start ends its own builds on SIGTERM; one that does not is killed. */
const START_ENDING_MS = 2_000;

/**
 * Starts the lab by its own command, in a process group of its own: builds and downloads that are under way end with it, and its work does not hold up
 * the processes that are watched over here. When this process is killed, the start ends in order by itself, and lets go of the lab's lock.
 */
export function startLabSession(options: LabSessionOptions): LabSession {
  const machines = options.machines.length === 0 ? [] : ["--vm-nodes", options.machines.join(",")];
  const nodes = ["--nodes", String(options.nodes), ...machines, "--kube-proxy-mode", options.kubeProxyMode];
  const args = ["infra/lab/lab.ts", "up", "--state-dir", options.stateDir, ...nodes];
  const [program, more] = dyingWithStarter("SIGTERM", [process.execPath, "--disable-warning=ExperimentalWarning", ...args]);
  const child = spawn(program, more, { cwd: checkout, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const complaints: string[] = [];
  createInterface({ input: child.stdout }).on("line", options.say);
  createInterface({ input: child.stderr }).on("line", (line) => complaints.push(line));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const up = ended.then((code) => (code === 0 ? recordOf(options.stateDir) : Promise.reject(failure(complaints))));
  // Whoever awaits `up` hears of it; until somebody does, it is not unhandled.
  up.catch(() => undefined);
  return {
    up,
    async stop() {
      endGroup(child, "SIGTERM");
      await Promise.race([ended, sleep(START_ENDING_MS)]);
      endGroup(child, "SIGKILL");
      await clearLab(options.stateDir);
    },
  };
}

/** Removes what there is of a lab, also one that a crash left; its logs stay. */
export async function clearLab(stateDir: string): Promise<void> {
  const plan = planLab(stateDir);
  await keepLogs(plan);
  await removeLab(plan);
}

/** Registers the lab's cluster: mode None the first time; later starts only renew where it is reached, how its nodes are switched and where its users' kubeconfigs are. */
export async function registerLab(installation: Installation, lab: LabRecord): Promise<void> {
  const { identity } = installation;
  const now = as<Instant>(Date.now());
  const cluster = labManagedCluster({
    subscriptionId: identity.subscriptionId,
    ...labPlace,
    kubernetesVersion: lab.kubernetesVersion.replace(/^v/, ""),
    podCidrs: lab.network.podCidrs,
    serviceCidrs: lab.network.serviceCidrs,
    dnsServiceIp: tenthAddress(lab.network.serviceCidrs[0] ?? ""),
    userPools: userPools(lab),
    accessReference: lab.workerKubeconfig,
    createdBy: identity.clientId,
    now: new Date(now).toISOString(),
    etag: randomUUID(),
  });
  const hasMachines = lab.nodes.some(({ kind }) => kind === "Machine");
  const credentials = await ensureUserKubeconfigs(labPlace, lab);
  await registerCluster(installation, { cluster, policy: labPolicy(now, hasMachines), credentials });
}

/** Every pool but the system's, with the number of its nodes; pool `user` also when it has none. */
function userPools(lab: LabRecord): { name: string; count: number }[] {
  const names = new Set(["user", ...lab.nodes.map(({ pool }) => pool)]);
  names.delete("system");
  return [...names].map((name) => ({ name, count: lab.nodes.filter(({ pool }) => pool === name).length }));
}

/** @throws AppError when the lab holds another bundle than the worker was told: the sources changed while it was built. */
export function requireSameBundle(lab: LabRecord, bundle: Bundle): void {
  if (lab.bundleDigest !== bundle.digest)
    throw new AppError("start.bundle-changed", { say: "The sources of the node bundle changed during the start", do: "Start again." });
}

async function recordOf(stateDir: string): Promise<LabRecord> {
  const record = await readLabRecord(planLab(stateDir));
  if (record?.phase === "ready") return record;
  throw new AppError("start.lab-failed", { say: "The lab said that it is up and left no record of it", do: "Start again." });
}

function failure(complaints: readonly string[]): AppError {
  const [last = "The lab could not be started", ...before] = complaints.toReversed();
  return new AppError("start.lab-failed", { say: [...before.toReversed(), last].join("\n").replace(/\.$/, ""), do: "" });
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group ended between the look and the signal.
  }
}

/** Where AKS puts the cluster's DNS: the tenth address of the first Service range. */
function tenthAddress(cidr: string): string {
  return cidr.replace(/\.0\/\d+$/, ".10");
}
