import { AppError } from "@hostrouting/domain";
import type { ClusterAccess, V1Node, V1Pod } from "@hostrouting/kube";
import { ciliumReport, type CiliumWord, type NodeObservation } from "@hostrouting/rollout";
import { agentPodOf, agentsByNode } from "../cilium/agent-pods.ts";
import { WORD_FRESH_MS } from "../cilium/cilium-words.ts";
import type { CiliumLook } from "../cilium/observe-cilium.ts";
import { nodeFacts, nodeObservation } from "../observe/node-observation.ts";
import type { ObservedCluster } from "../observe/observe-cluster.ts";

/** AKS keeps policy and agents of its Cilium; nothing of ours is in the cluster. */
const AKS_KEEPS = { kind: "Unreadable", because: "AKS keeps its own" } as const;

/**
 * Looks at the nodes of a cluster that AKS manages: the label that AKS puts, and what Cilium's own agents say where we may ask them. Nothing is written to
 * such a cluster. @throws AppError of ClusterAccess; agents that may not be listed or asked say nothing
 */
export async function observeAks(access: ClusterAccess, look: CiliumLook): Promise<ObservedCluster> {
  const [nodes, pods] = await Promise.all([access.listNodes(), agentsOf(access)]);
  const words = await look.words.read(access.cilium, pods, { now: look.now, freshMs: () => WORD_FRESH_MS });
  const agents = agentsByNode(pods);
  const observed = nodes.map((node) => observation(node, agents.get(node.metadata?.name ?? ""), words));
  return {
    observed: { nodes: observed, nodeObjects: [], config: undefined, bundle: undefined, bundlePods: 0, birthTaint: { kind: "Absent" } },
    facts: nodes.map((node) => nodeFacts(node, undefined, undefined)),
    cilium: { known: false, because: "the cluster's Cilium is AKS' own" },
    policy: AKS_KEEPS,
  };
}

/** Without the right to list them they are asked nothing, and the label alone speaks. */
async function agentsOf({ cilium }: ClusterAccess): Promise<readonly V1Pod[]> {
  try {
    return await cilium.listAgents();
  } catch (error) {
    if (error instanceof AppError && error.code === "kube.forbidden") return [];
    throw error;
  }
}

function observation(node: V1Node, pod: V1Pod | undefined, words: ReadonlyMap<string, CiliumWord>): NodeObservation {
  const plain = nodeObservation(node, { object: undefined, bundlePod: undefined, podsToEvict: undefined });
  const agentPod = agentPodOf(pod);
  const report = ciliumReport({ ...plain, agentPod, spec: undefined, word: agentPod && words.get(agentPod.uid) });
  return { ...plain, agentPod, report: report && { ...report, byItself: false } };
}
