import type { ComparedFigures, NodeTaint, PlatformRulesState } from "@hostrouting/domain";
import type { PatchNodeIntent } from "./intent.ts";
import { newSimulatedCilium, type SimulatedCilium } from "./simulated-cilium.ts";
import type { ClusterSnapshot, NodeReport, NodeSpec, RuleScan, SandboxTrouble } from "./snapshot.ts";

/** A node of the simulation: what its API server and its kernel would show. `broken` agents switch, but their probes fail. */
export type SimulatedNode = {
  readonly name: string;
  readonly uid: string;
  bootId: string;
  ready: boolean;
  unschedulable: boolean;
  cordonedBy: string | undefined;
  labelled: boolean;
  userRules: string | undefined;
  /** What its agent's scan says; absent as long as it has not scanned. */
  rules: RuleScan["state"] | undefined;
  owner: string | undefined;
  taints: readonly NodeTaint[];
  /** Value of the autoscaler's annotation, and whose of ours. */
  scaleDownDisabled: string | undefined;
  scaleDownHeldBy: string | undefined;
  spec: NodeSpec | undefined;
  effectiveMode: "BpfVeth" | "Legacy";
  generation: number;
  confirmed: boolean;
  /** Of the bundle that its agent's pod runs; undefined without a pod. */
  agentDigest: string | undefined;
  missConfirm: boolean;
  missed: number;
  broken: boolean;
  silent: boolean;
  /** Pods that come while it routes by eBPF get no sandbox. */
  makesNoSandboxes: boolean;
  /** When its agent reported last, once it has fallen silent with that report in its object. */
  staleSinceMs: number | undefined;
  ineligible: string | undefined;
  /** As its agent says; undefined for an agent that does not. */
  guardRung: "Lsm" | "FmodRet" | "Audit" | "Unsupported" | undefined;
  platformRules: PlatformRulesState;
  /** Long-lived connections of its pods, as its agent says; undefined for an agent that does not count. */
  connections: number | "Unknown" | undefined;
  /** Connections that its next switches reset. */
  resets: number;
  pool: string;
  isSystem: boolean;
  zone: string;
  /** Kernel and image, as far as they make it another kind of node. */
  image: string;
  pods: { readonly name: string; readonly budget: string | undefined }[];
  /** When its agent began to count, and what it has counted since; undefined for an agent that does not. */
  counting: { sinceMs: number; resets: number } | undefined;
  resetsPerSecond: number;
  podsNotReady: number | undefined;
  /** Share of processor time. */
  softirq: number;
  /** What switches it where the cluster brings a Cilium of its own; not looked at elsewhere. */
  readonly cilium: SimulatedCilium;
};

/** What is seen of a node that makes no sandboxes. */
export const NO_SANDBOXES: SandboxTrouble = { pods: ["shop/cart"], podCount: 1, message: "failed to setup network for sandbox" };

/** What agents are told of a simulated cluster, and its generation; 1 unless said. */
export type SimulatedCluster = { readonly network?: ClusterSnapshot["network"]; readonly generation?: number };

/** A name with its namespace: one that says none is of `shop`. */
export function inNamespace(name: string): string {
  return name.includes("/") ? name : `shop/${name}`;
}

/** A Ready node on the stack, of which nothing was ever asked. */
export function newSimulatedNode(name: string, uid: string): SimulatedNode {
  return {
    name,
    uid,
    bootId: `boot-${uid}`,
    ready: true,
    unschedulable: false,
    cordonedBy: undefined,
    labelled: false,
    userRules: undefined,
    rules: undefined,
    owner: undefined,
    taints: [],
    scaleDownDisabled: undefined,
    scaleDownHeldBy: undefined,
    spec: undefined,
    effectiveMode: "Legacy",
    generation: 0,
    confirmed: false,
    agentDigest: undefined,
    missConfirm: false,
    missed: 0,
    broken: false,
    silent: false,
    makesNoSandboxes: false,
    staleSinceMs: undefined,
    ineligible: undefined,
    guardRung: undefined,
    platformRules: "Present",
    connections: undefined,
    resets: 0,
    pool: "user",
    isSystem: false,
    zone: "",
    image: "",
    pods: [],
    counting: { sinceMs: 0, resets: 0 },
    resetsPerSecond: 0,
    podsNotReady: 0,
    softirq: 0.1,
    cilium: newSimulatedCilium(),
  };
}

const SEGMENTS_PER_SECOND = 1000;
const TICKS_PER_SECOND = 200;

/** What its agent would say of it by now. */
export function simulatedFigures({ counting, podsNotReady, softirq }: SimulatedNode, nowMs: number): ComparedFigures | undefined {
  if (counting === undefined) return undefined;
  const seconds = (nowMs - counting.sinceMs) / 1000;
  return {
    sinceMs: counting.sinceMs,
    cpu: { total: seconds * TICKS_PER_SECOND, softirq: seconds * TICKS_PER_SECOND * softirq },
    tcp: { segments: seconds * SEGMENTS_PER_SECOND, retransmitted: 0, resets: counting.resets },
    noRoute: 0,
    conntrack: { entries: 10, max: 1000, dropped: 0 },
    pods: podsNotReady === undefined ? undefined : { running: 10, notReady: podsNotReady },
    routing: "rules",
    agent: { cpuMs: seconds * 20, memoryBytes: 40 * 1024 * 1024 },
  };
}

/** What its agent counts: connections before a switch, and how they ended by it. */
export function simulatedCounts({
  connections,
  resets,
  effectiveMode,
  confirmed,
  spec,
}: SimulatedNode): Pick<NodeReport, "census" | "disruption"> {
  if (connections === undefined) return {};
  const isKnown = connections !== "Unknown";
  const step = effectiveMode === "Legacy" ? ("Detach" as const) : confirmed ? ("Confirm" as const) : ("On" as const);
  const flowsAtSwitch = isKnown ? connections : 0;
  const byReason = { reset: resets, timeout: 0, connectFailure: 0 };
  const figures = {
    step,
    flowsAtSwitch,
    disrupted: resets,
    byReason,
    byPod: [],
    watchedSeconds: 60,
    before: { disrupted: 0, seconds: 600 },
  };
  return {
    census: {
      state: isKnown ? "Known" : "Unknown",
      longLived: flowsAtSwitch,
      message: isKnown ? "" : "No pod's network namespace can be read.",
    },
    ...(spec !== undefined && spec.mode !== "Observe" && { disruption: figures }),
  };
}

/** Makes a patch true. */
export function patchSimulatedNode(node: SimulatedNode, intent: PatchNodeIntent): void {
  if (intent.labelled !== undefined) node.labelled = intent.labelled;
  if (intent.userRules !== undefined) node.userRules = intent.userRules === null ? undefined : String(intent.userRules);
  if (intent.owner !== undefined) node.owner = intent.owner ?? undefined;
  if (intent.taints !== undefined) node.taints = intent.taints;
  if (intent.scaleDownHeldBy !== undefined) {
    node.scaleDownHeldBy = intent.scaleDownHeldBy ?? undefined;
    node.scaleDownDisabled = intent.scaleDownHeldBy === null ? undefined : "true";
  }
  if (intent.cordonedBy === undefined) return;
  node.cordonedBy = intent.cordonedBy ?? undefined;
  node.unschedulable = intent.cordonedBy !== null;
}
