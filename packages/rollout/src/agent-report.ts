import type { Instant, NodePhase, NodeRollout } from "@hostrouting/domain";
import type { NodeObservation, NodeReport, NodeSpec } from "./snapshot.ts";

/** The node's report, if it speaks of this very node in its present boot; a report of an earlier boot or namesake says nothing. */
export function currentReport(seen: NodeObservation): NodeReport | undefined {
  const { report } = seen;
  return report !== undefined && report.nodeUID === seen.uid && report.bootID === seen.bootId ? report : undefined;
}

/** The longest interval of reports that an agent can be given (ten minutes; it has five unless told), and a minute for the way. */
export const SILENT_MS = 11 * 60_000;

/** The record with the newest report noted. Times of nodes are compared with the same node's only: their clocks may be wrong. Pure. */
export function withReportHeard(record: NodeRollout, seen: NodeObservation, now: Instant): NodeRollout {
  const observedAtMs = currentReport(seen)?.observedAtMs;
  if (observedAtMs === undefined || observedAtMs === record.heard?.observedAtMs) return record;
  return { ...record, heard: { observedAtMs, at: now } };
}

/** Reports that may be missing before an agent counts as silent, where it was told how often to report; and never less than a minute. */
const MISSED_REPORTS = 3;
const PACED_SILENT_MIN_MS = 60_000;

/** Whether the node's agent has been silent for longer than agents are. One that is to report more often is given its time from then on. Pure. */
export function isSilent({ heard, paced }: NodeRollout, now: Instant): boolean {
  if (heard === undefined) return true;
  if (paced?.seconds === undefined) return now - heard.at > SILENT_MS;
  return now - Math.max(heard.at, paced.at) > Math.max(PACED_SILENT_MIN_MS, MISSED_REPORTS * paced.seconds * 1_000);
}

/** Whether the pinned bundle runs on the node and has reported. */
export function agentIsReady(seen: NodeObservation, bundleDigest: string): boolean {
  const pod = seen.agentPod;
  return (
    pod !== undefined &&
    pod.ready &&
    !pod.deleting &&
    pod.bundleDigest === bundleDigest &&
    currentReport(seen)?.bundleDigest === bundleDigest
  );
}

/** Phases of a node that was ordered to switch; for records of before orders were noted. */
const ORDERED: ReadonlySet<NodePhase> = new Set(["Switching", "Verifying", "Confirming", "Soaking", "Enabled", "Detaching"]);

/** Whether a switch was ordered in the node's present boot and nobody has said that it is over. */
function mayBeOn({ ordered, phase }: NodeRollout, { spec, bootId }: NodeObservation): boolean {
  if (ordered !== undefined) return ordered.bootId === bootId;
  return ORDERED.has(phase) && (spec === undefined || spec.bootID === bootId);
}

/**
 * Whether the node's traffic is known to take the stack: its kernel says so, it booted since the switch was ordered (nothing in the kernel
 * survives a boot), or nothing was ever asked of it and nothing is claimed. The record has the last word on what was asked: an object that somebody
 * deleted, or that asks for something else by now, takes back nothing that the agent has not heard.
 */
export function isKnownLegacy(record: NodeRollout, seen: NodeObservation): boolean {
  const report = currentReport(seen);
  if (report !== undefined) return report.effectiveMode === "Legacy";
  if (mayBeOn(record, seen)) return false;
  const { spec } = seen;
  if (spec === undefined) return !seen.labelled && seen.report?.effectiveMode !== "BpfVeth";
  return spec.mode === "Observe" || spec.bootID !== seen.bootId;
}

/** The record with the order that it stands for, which is about to be written. Pure. */
export function withOrder(record: NodeRollout, { bootId }: NodeObservation): NodeRollout {
  return { ...record, ordered: { bootId, generation: record.switchGeneration } };
}

/** What the node was asked last: by its object, or where somebody deleted that, by the record in the node's present boot. */
export function lastOrder(
  { ordered }: NodeRollout,
  { spec, bootId }: NodeObservation,
): { readonly mode: NodeSpec["mode"]; readonly bootId: string; readonly generation: number } | undefined {
  if (spec !== undefined) return { mode: spec.mode, bootId: spec.bootID, generation: spec.generation };
  return ordered?.bootId === bootId ? { mode: "BpfVeth", ...ordered } : undefined;
}

/** The record without its order once the agent has acted on it, or on a later one, and says that nothing of ours is left. Pure. */
export function withOrderSettled(record: NodeRollout, seen: NodeObservation): NodeRollout {
  const report = currentReport(seen);
  if (record.ordered === undefined || report === undefined || report.observedGeneration < record.ordered.generation) return record;
  if (!isDetached(record, seen)) return record;
  const { ordered: _over, ...rest } = record;
  return rest;
}

/**
 * Whether a switch was ordered that the agent has not taken notice of. One that it has it will not carry out after the emergency; this one it would,
 * whenever it comes back, beside the node whose turn it is then.
 */
export function hasUnseenOrder({ spec, report, bootId }: NodeObservation): boolean {
  return spec?.mode === "BpfVeth" && spec.bootID === bootId && (report?.observedGeneration ?? 0) < spec.generation;
}

/** Reasons under which a node on the stack still has programs of ours loaded: they are about to go. */
const STILL_LOADED: ReadonlySet<string> = new Set(["Draining", "Off", "ConfirmMissed"]);

/**
 * Whether nothing of ours is left in the node's kernel. On the stack is not enough: while it drains, known flows still pass our programs,
 * and an agent that ended now would leave them behind.
 */
export function isDetached(record: NodeRollout, seen: NodeObservation): boolean {
  const report = currentReport(seen);
  if (report === undefined) return isKnownLegacy(record, seen);
  if (report.byItself === true) return record.ordered === undefined && !ORDERED.has(record.phase);
  return report.effectiveMode === "Legacy" && report.attachedDevices === 0 && !STILL_LOADED.has(report.reason);
}

/** Whether no node routes by eBPF, may do so, or is being worked on. */
export function nothingIsSwitched(nodes: readonly { readonly record: NodeRollout; readonly seen: NodeObservation }[]): boolean {
  return nodes.every(({ record, seen }) => {
    const atRest = record.phase === "Pending" || record.phase === "Disabled" || record.phase === "Failed";
    return (
      atRest &&
      isDetached(record, seen) &&
      !seen.labelled &&
      (seen.spec === undefined || seen.spec.mode === "Observe" || seen.spec.mode === "None")
    );
  });
}

/** Whether the agent has acted on the generation that the record stands for. */
export function hasObserved(report: NodeReport | undefined, record: NodeRollout): report is NodeReport {
  return report !== undefined && report.observedGeneration === record.switchGeneration;
}

/** Reason of a node that was asked for eBPF, acted on it, and does not route by it. */
export const EFFECTIVE_MODE_MISMATCH = "EffectiveModeMismatch";

/** Why a report does not say that the node routes by eBPF as it was asked to, or nothing. */
export function whyNotSwitched(report: NodeReport, record: NodeRollout, bundleDigest: string): string | undefined {
  if (report.observedGeneration !== record.switchGeneration)
    return `the agent has acted on generation ${report.observedGeneration}, not on ${record.switchGeneration}`;
  if (report.effectiveMode !== "BpfVeth") return `the kernel shows ${report.effectiveMode} (${report.reason || "no reason given"})`;
  return report.bundleDigest === bundleDigest ? undefined : "the agent runs another bundle";
}

/** The next generation for a node: higher than any that we wrote or that its agent acted on. */
export function nextGeneration(record: NodeRollout, seen: NodeObservation): number {
  return Math.max(record.switchGeneration, seen.spec?.generation ?? 0, seen.report?.observedGeneration ?? 0) + 1;
}
