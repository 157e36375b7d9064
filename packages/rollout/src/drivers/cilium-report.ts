import { EFFECTIVE_MODE_MISMATCH } from "../agent-report.ts";
import type { NodeObservation, NodeReport, NodeSpec } from "../snapshot.ts";

/** What Cilium's agent said of itself (`cilium-dbg status -o json`), and in which pod. `hostRouting`: `routing.intra-host-routing-mode`, as it is in force. */
export type CiliumWord = {
  readonly podUid: string;
  readonly hostRouting: "BPF" | "Legacy" | "Unknown";
  readonly kubeProxyReplacement: string;
  readonly masquerading: string;
  readonly observedAtMs: number;
};

/** What is known of a node with a Cilium of the cluster's own: its order, the agent's pod, and the agent's word. */
export type CiliumNodeView = Pick<NodeObservation, "uid" | "bootId" | "labelled" | "agentPod" | "replacesPod"> & {
  readonly spec: NodeSpec | undefined;
  readonly word: CiliumWord | undefined;
};

const MODES = { BPF: "BpfVeth", Legacy: "Legacy", Unknown: "Unknown" } as const;

/** Cilium's word in the shape that the engine reads. Nothing while the pod that spoke is not the one that runs. Pure. */
export function ciliumReport({ uid, bootId, labelled, agentPod, replacesPod = "", spec, word }: CiliumNodeView): NodeReport | undefined {
  if (word === undefined || agentPod === undefined || agentPod.deleting || !agentPod.ready || word.podUid !== agentPod.uid)
    return undefined;
  // The agent reads its configuration when its pod starts, and then no more.
  const isInForce = spec !== undefined && replacesPod !== "" && replacesPod !== agentPod.uid;
  const effectiveMode = MODES[word.hostRouting];
  const isMismatch = isInForce && spec.mode === "BpfVeth" && effectiveMode === "Legacy";
  const byItself = spec === undefined && !labelled && effectiveMode === "BpfVeth";
  const said = `kube-proxy replacement ${word.kubeProxyReplacement}, masquerading ${word.masquerading}`;
  return {
    observedGeneration: isInForce ? spec.generation : 0,
    nodeUID: uid,
    bootID: bootId,
    bundleDigest: "",
    effectiveMode,
    confirmed: effectiveMode === "BpfVeth",
    ...(byItself && { byItself }),
    reason: isMismatch ? EFFECTIVE_MODE_MISMATCH : `HostRouting${word.hostRouting}`,
    message: `Cilium's agent says that host routing is ${word.hostRouting} (${said}).`,
    fastShare: undefined,
    stackReasons: [],
    refusedDevices: 0,
    refusals: [],
    census: { state: "Unknown", longLived: 0, message: "Nobody counts connections with the driver cilium." },
    attachedDevices: 0,
    probes: [],
    observedAtMs: word.observedAtMs,
    isAskedFor: true,
  };
}
