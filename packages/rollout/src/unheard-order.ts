import type { NodeRollout } from "@hostrouting/domain";
import { currentReport } from "./agent-report.ts";
import type { NodeObservation } from "./snapshot.ts";

/** Phases of a node that was ordered to switch. */
const ORDERED: ReadonlySet<NodeRollout["phase"]> = new Set(["Switching", "Verifying", "Confirming", "Soaking", "Enabled", "Detaching"]);

/** Whether a switch was ordered, and somebody deleted the object that told what became of it: the agent may be on, and says so once it has one again. */
export function isUnheard({ phase }: NodeRollout, seen: NodeObservation): boolean {
  return ORDERED.has(phase) && currentReport(seen) === undefined && (seen.spec === undefined || seen.spec.bootID === seen.bootId);
}

/**
 * Whether a switch was ordered that the agent has not taken notice of. One that it has it will not carry out after the emergency; this one it would, whenever
 * it comes back, beside the node whose turn it is then.
 */
export function hasUnseenOrder({ spec, report, bootId }: NodeObservation): boolean {
  return spec?.mode === "BpfVeth" && spec.bootID === bootId && (report?.observedGeneration ?? 0) < spec.generation;
}
