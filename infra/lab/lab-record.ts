import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Series } from "../guests/guest-kernel.ts";
import type { LabPlan, ServiceRanges } from "./lab-plan.ts";
import type { LabProcess } from "./lab-process.ts";
import type { KubeProxyMode } from "./node-commands.ts";

interface CommonNode {
  readonly name: string;
  /** Name of its pool. */
  readonly pool: string;
  readonly slot: number;
  /** IPv4 and IPv6 address of `eth0`. */
  readonly addresses: readonly [string, string];
  readonly podCidrs: readonly [string, string];
  /** The node's cgroup, the same path below each hierarchy's mount. */
  readonly cgroup: string;
}

/** A node that is a set of namespaces. */
export interface NamespaceNode extends CommonNode {
  readonly kind: "Namespaces";
  /** Name below /run/netns; enter with `nsenter --net=/run/netns/<name>`. */
  readonly netns: string;
  /** Holds the node's namespaces: `nsenter --target <pid> --net --mount --uts` is a shell on the node. */
  readonly containerdPid: number;
}

/** A node that is a virtual machine: a privileged pod is the way into it. */
export interface MachineNode extends CommonNode {
  readonly kind: "Machine";
  readonly series: Series;
  /** `6.12.117+deb12-cloud-amd64`. */
  readonly kernelRelease: string;
  /** What the machine has said, its programs included; the file before it has `.1` behind its name. */
  readonly console: string;
}

/** One node as others see it. */
export type LabNode = NamespaceNode | MachineNode;

/** A lab that runs, or the part of it that has been started; `<state folder>/lab/lab.json`. */
export interface LabRecord {
  /** `starting` until the cluster is Ready. */
  readonly phase: "starting" | "ready";
  readonly id: string;
  readonly stateDir: string;
  /** `https://127.0.0.1:<port>`. */
  readonly server: string;
  readonly apiPort: number;
  readonly adminKubeconfig: string;
  readonly workerKubeconfig: string;
  readonly kubernetesVersion: string;
  /** Image of agent and demo application; every node has it. */
  readonly bundleImage: string;
  /** `sha256:…`, as in the image's /app/BUNDLE_DIGEST. */
  readonly bundleDigest: string;
  readonly network: {
    readonly podCidrs: readonly string[];
    readonly serviceCidrs: ServiceRanges;
    readonly nodeCidrs: readonly string[];
  };
  readonly nodes: readonly LabNode[];
  readonly processes: readonly LabProcess[];
  /** Folder with kubectl and the other programs. */
  readonly programs: string;
  /** Folder of the unpacked images that nodes are made from. */
  readonly template: string;
  readonly pauseImage: string;
  readonly kubeProxyMode: KubeProxyMode;
  readonly nodeResourceGroup: string;
}

/** The record, or nothing when no lab was started here or its file was half written. */
export async function readLabRecord(lab: LabPlan): Promise<LabRecord | undefined> {
  const text = await readFile(recordFile(lab), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as LabRecord;
  } catch {
    return undefined;
  }
}

/** Replaces the record at once: a reader sees the old or the new one. */
export async function writeLabRecord(lab: LabPlan, record: LabRecord): Promise<void> {
  const fresh = `${recordFile(lab)}.new`;
  await writeFile(fresh, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(fresh, recordFile(lab));
}

function recordFile(lab: LabPlan): string {
  return join(lab.folder, "lab.json");
}
