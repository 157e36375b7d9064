import { as, type NodeUid } from "@hostrouting/domain";
import { ciliumReport } from "./drivers/cilium-report.ts";
import type { NodeConfigIntent } from "./intent.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { NodeObservation } from "./snapshot.ts";

/**
 * Stands in for Cilium on one node, as Cilium documents itself: its agent reads the node's configuration when its pod starts and then no more, and falls
 * back to the stack where something that eBPF routing needs is missing. It is no Cilium: nothing is routed.
 */
export type SimulatedCilium = {
  /** Our object of the node. */
  config: Pick<NodeConfigIntent, "spec" | "replacesPod"> | undefined;
  /** How often its pod was made; 0: there is none. */
  pods: number;
  isGoing: boolean;
  /** What the agent found when it started. */
  hostRouting: "BPF" | "Legacy";
  /** Cilium's own configuration lacks what eBPF routing needs, or somebody's object of a later name overrides ours. */
  fallsBack: boolean;
  /** Agents that start from now on do not become ready. */
  hangs: boolean;
  isReady: boolean;
};

/** An agent that runs on the stack. */
export function newSimulatedCilium(): SimulatedCilium {
  return { config: undefined, pods: 1, isGoing: false, hostRouting: "Legacy", fallsBack: false, hangs: false, isReady: true };
}

/** One round: a pod that was deleted is gone, and the DaemonSet makes the next. */
export function runSimulatedCilium(cilium: SimulatedCilium): void {
  if (!cilium.isGoing) return;
  cilium.isGoing = false;
  startSimulatedCilium(cilium);
}

/** The agent's pod starts: after it was deleted, or with its node. */
export function startSimulatedCilium(cilium: SimulatedCilium): void {
  cilium.pods += 1;
  cilium.isReady = !cilium.hangs;
  cilium.hostRouting = cilium.config?.spec.mode === "BpfVeth" && !cilium.fallsBack ? "BPF" : "Legacy";
}

/** What a look at the node shows of its Cilium. */
export function observeSimulatedCilium(
  node: Pick<SimulatedNode, "name" | "uid" | "bootId" | "labelled">,
  cilium: SimulatedCilium,
  nowMs: number,
): Pick<NodeObservation, "spec" | "replacesPod" | "report" | "agentPod"> {
  const uid = `cilium-${node.uid}-${cilium.pods}`;
  const agentPod = {
    namespace: "kube-system",
    name: `cilium-${node.name}`,
    uid,
    bundleDigest: "",
    ready: cilium.isReady,
    deleting: cilium.isGoing,
  };
  const { config } = cilium;
  const spec = config && { ...config.spec, bootID: node.bootId };
  const replacesPod = config?.replacesPod;
  const masquerading = cilium.fallsBack ? "Iptables" : "BPF";
  const word = { podUid: uid, hostRouting: cilium.hostRouting, kubeProxyReplacement: "True", masquerading, observedAtMs: nowMs };
  const report = ciliumReport({
    uid: as<NodeUid>(node.uid),
    bootId: node.bootId,
    labelled: node.labelled,
    agentPod,
    replacesPod,
    spec,
    word,
  });
  return { spec, replacesPod, report, agentPod };
}
