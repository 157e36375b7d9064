import type { PreparedImages } from "../images/prepare-images.ts";
import type { ApiClient } from "./api-client.ts";
import type { Hierarchy } from "./cgroups.ts";
import { createNodeObject } from "./cluster-content.ts";
import type { ClusterAuthority, KeyPair } from "./cluster-keys.ts";
import { createNodeNetwork } from "./lab-network.ts";
import type { LabPlan, NodePlan } from "./lab-plan.ts";
import type { LabProcess } from "./lab-process.ts";
import type { LabNode } from "./lab-record.ts";
import { writeNodeFiles } from "./node-files.ts";
import { settleAll } from "./settle-all.ts";
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
}

/** Makes a node's network and files and starts its containerd, which listens when this returns; this needs no API server. */
export async function prepareNode(supplies: NodeSupplies, node: NodePlan): Promise<LabProcess> {
  const { lab, authority, proxy, images } = supplies;
  await settleAll([
    createNodeNetwork(lab, node),
    writeNodeFiles({ lab, node, authority, proxy, pauseImage: images.pause, template: images.template }),
  ]);
  const start = nodeStart(supplies, node);
  const containerd = await startContainerd(start);
  await waitForContainerd(start, containerd);
  return containerd;
}

/** Makes the Node object and starts kubelet and kube-proxy on a prepared node; the API server must be ready. */
export async function joinNode(supplies: NodeSupplies, api: ApiClient, prepared: PreparedNode): Promise<LabProcess[]> {
  await createNodeObject(api, prepared.node);
  return startKubernetes(nodeStart(supplies, prepared.node), prepared.containerd);
}

/** A node whose containerd runs. */
export interface PreparedNode {
  readonly node: NodePlan;
  readonly containerd: LabProcess;
}

/** The node as others see it. */
export function describeNode(lab: LabPlan, { node, containerd }: PreparedNode): LabNode {
  return {
    name: node.name,
    pool: node.pool,
    slot: node.slot,
    addresses: [node.ipv4, node.ipv6],
    podCidrs: node.podCidrs,
    netns: node.netns,
    containerdPid: containerd.pid,
    cgroup: `${lab.cgroup}/${node.name}`,
  };
}

function nodeStart(supplies: NodeSupplies, node: NodePlan): NodeStart {
  const { lab, hierarchies, programs, images } = supplies;
  return { lab, node, hierarchies, programs, template: images.template };
}
