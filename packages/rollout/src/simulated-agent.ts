import { simulatedCounts, simulatedFigures, type SimulatedNode } from "./simulated-node.ts";
import type { NodeObservation, NodeReport } from "./snapshot.ts";

/** What a simulated agent of the bundle's lives in. `badBundles`: no node can be verified with these. */
export type SimulatedPlace = { readonly emergencyOff: boolean; readonly badBundles: ReadonlySet<string>; readonly nowMs: number };

/** One round of a node's agent: follows the order of its node. */
export function runSimulatedAgent(node: SimulatedNode, emergencyOff: boolean): void {
  const { spec } = node;
  if (node.agentDigest === undefined || spec === undefined || !node.ready || node.silent || node.staleSinceMs !== undefined) return;
  if (spec.generation < node.generation || spec.bootID !== node.bootId) return;
  if (spec.mode !== "None" && spec.bundleDigest !== node.agentDigest) return;
  node.generation = spec.generation;
  if (spec.mode === "BpfVeth" && node.missConfirm) {
    node.missConfirm = false;
    node.missed = spec.generation;
  }
  const isOn = spec.mode === "BpfVeth" && node.missed !== spec.generation && !emergencyOff;
  node.effectiveMode = isOn ? "BpfVeth" : "Legacy";
  node.confirmed = isOn && spec.confirmedGeneration === spec.generation;
}

/** What a look at the node shows of its agent. */
export function observeSimulatedAgent(node: SimulatedNode, place: SimulatedPlace): Pick<NodeObservation, "spec" | "report" | "agentPod"> {
  const { agentDigest: bundleDigest } = node;
  const pod = { namespace: "agents", name: `agent-${node.name}`, uid: `agent-${node.uid}`, ready: true, deleting: false };
  return { spec: node.spec, report: report(node, place), agentPod: bundleDigest === undefined ? undefined : { ...pod, bundleDigest } };
}

function report(node: SimulatedNode, { emergencyOff, badBundles, nowMs }: SimulatedPlace): NodeReport | undefined {
  if (node.agentDigest === undefined || node.spec === undefined || node.silent || node.generation === 0) return undefined;
  const isOn = node.effectiveMode === "BpfVeth";
  const isOff = emergencyOff && node.staleSinceMs === undefined;
  const isBroken = node.broken || badBundles.has(node.agentDigest);
  return {
    observedGeneration: node.generation,
    nodeUID: node.uid,
    bootID: node.bootId,
    bundleDigest: node.agentDigest,
    effectiveMode: node.effectiveMode,
    confirmed: node.confirmed,
    reason: isOff ? "EmergencyOff" : node.missed === node.generation ? "ConfirmMissed" : isOn ? "Switched" : "Detached",
    message: "",
    fastShare: undefined,
    stackReasons: [],
    refusedDevices: 0,
    refusals: [],
    ...simulatedCounts(node),
    scan: node.rules && { state: node.rules, digest: node.rules, findings: 0, rules: [], unread: [] },
    platformRules: { state: node.platformRules, missing: node.platformRules === "Present" ? [] : ["tcp 168.63.129.16/32 80"] },
    attachedDevices: isOn ? 1 : 0,
    probes: isOn ? [{ name: "self-test", outcome: isBroken ? "Failed" : "Passed", message: "" }] : [],
    figures: simulatedFigures(node, nowMs),
    observedAtMs: node.staleSinceMs ?? nowMs,
  };
}
