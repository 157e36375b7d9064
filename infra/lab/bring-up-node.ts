import type { PreparedGuest, PreparedGuests } from "../guests/prepare-guests.ts";
import type { PreparedImages } from "../images/prepare-images.ts";
import type { ApiClient } from "./api-client.ts";
import type { Hierarchy } from "./cgroups.ts";
import { createNodeObject } from "./cluster-content.ts";
import type { ClusterAuthority, KeyPair } from "./cluster-keys.ts";
import { createNodeNetwork } from "./lab-network.ts";
import type { LabPlan, MachinePlan, NamespacePlan, NodePlan, ServiceRanges } from "./lab-plan.ts";
import type { LabProcess } from "./lab-process.ts";
import type { LabNode } from "./lab-record.ts";
import { consoleFile, prepareMachine, startMachine, type MachineStart } from "./machine.ts";
import { writeNodeFiles } from "./node-files.ts";
import { settleAll } from "./settle-all.ts";
import type { KubeProxyMode } from "./node-commands.ts";
import { startContainerd, startKubernetes, waitForContainerd, type NodeStart } from "./node.ts";

/** What every node of one lab is made with. */
export interface NodeSupplies {
  readonly lab: LabPlan;
  readonly hierarchies: readonly Hierarchy[];
  readonly programs: string;
  readonly images: Pick<PreparedImages, "pause" | "template">;
  readonly authority: ClusterAuthority;
  /** User that all kube-proxies share. */
  readonly proxy: KeyPair;
  /** What virtual machines are made with, for every kernel that one of them is to have. */
  readonly guests: PreparedGuests;
  readonly kubeProxyMode: KubeProxyMode;
  /** What nodes name as their resource group. */
  readonly nodeResourceGroup: string;
  readonly serviceCidrs: ServiceRanges;
}

/** A node on which only Kubernetes has to be started; which needs the API server. */
export type PreparedNode =
  | { readonly node: NamespacePlan; readonly containerd: LabProcess }
  | { readonly node: MachinePlan; readonly guest: PreparedGuest };

/** A node that will be Ready, with all its processes. */
export interface JoinedNode {
  readonly seen: LabNode;
  readonly processes: readonly LabProcess[];
}

/**
 * Makes a node's files and its place in the network. containerd of a node of namespaces listens when this returns; a virtual machine is still
 * off. This needs no API server.
 */
export async function prepareNode(supplies: NodeSupplies, node: NodePlan): Promise<PreparedNode> {
  if (node.kind === "Machine") {
    const guest = supplies.guests.get(node.series);
    if (guest === undefined) throw new Error(`nothing was prepared for machines of Linux ${node.series}`);
    await writeFiles(supplies, node);
    await prepareMachine(machineStart(supplies, { node, guest }));
    return { node, guest };
  }
  await settleAll([createNodeNetwork(supplies.lab, node), writeFiles(supplies, node)]);
  const start = nodeStart(supplies, node);
  const containerd = await startContainerd(start);
  await waitForContainerd(start, containerd);
  return { node, containerd };
}

/** Makes the Node object and starts what joins it: kubelet and kube-proxy, or the virtual machine. The API server must be ready. */
export async function joinNode(supplies: NodeSupplies, api: ApiClient, prepared: PreparedNode): Promise<JoinedNode> {
  const { lab } = supplies;
  const { node } = prepared;
  await createNodeObject(api, node, supplies);
  const common = {
    name: node.name,
    pool: node.pool.name,
    slot: node.slot,
    addresses: [node.ipv4, node.ipv6] as const,
    podCidrs: node.podCidrs,
    cgroup: `${lab.cgroup}/${node.name}`,
  };
  if ("guest" in prepared) {
    const { series } = prepared.node;
    const kernelRelease = prepared.guest.kernel.release;
    const machine = await startMachine(machineStart(supplies, prepared));
    return { seen: { kind: "Machine", ...common, series, kernelRelease, console: consoleFile(lab, prepared.node) }, processes: [machine] };
  }
  const { containerd } = prepared;
  const kubernetes = await startKubernetes(nodeStart(supplies, prepared.node), containerd);
  const seen = { kind: "Namespaces", ...common, netns: prepared.node.netns, containerdPid: containerd.pid } as const;
  return { seen, processes: [containerd, ...kubernetes] };
}

function writeFiles({ lab, authority, proxy, images, serviceCidrs }: NodeSupplies, node: NodePlan): Promise<void> {
  return writeNodeFiles({ lab, node, authority, proxy, serviceCidrs, pauseImage: images.pause, template: images.template });
}

function nodeStart(supplies: NodeSupplies, node: NamespacePlan): NodeStart {
  const { lab, hierarchies, programs, images, kubeProxyMode, serviceCidrs } = supplies;
  return { lab, node, hierarchies, programs, template: images.template, kubeProxyMode, serviceCidrs };
}

function machineStart(supplies: NodeSupplies, { node, guest }: { node: MachinePlan; guest: PreparedGuest }): MachineStart {
  const { lab, hierarchies, kubeProxyMode, serviceCidrs } = supplies;
  return { lab, node, hierarchies, guest, kubeProxyMode, serviceCidrs };
}
