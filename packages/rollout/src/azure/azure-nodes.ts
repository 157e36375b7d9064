import type { NodePhase, Operation } from "@hostrouting/domain";
import { currentReport } from "../agent-report.ts";
import { enter } from "../node-step.ts";
import type { Round, RoundNode } from "../round.ts";
import type { NodeObservation } from "../snapshot.ts";
import type { WaitDraft } from "../waits.ts";

/** Whether a node routes by eBPF: by its Cilium's own word, else by the label that AKS puts; what neither says nobody claims. */
export function isOn(seen: NodeObservation): boolean {
  const mode = currentReport(seen)?.effectiveMode ?? "Unknown";
  return mode === "BpfVeth" || (mode === "Unknown" && seen.labelled);
}

function phaseOf(seen: NodeObservation, isWanted: boolean): NodePhase {
  if (isOn(seen)) return "Enabled";
  return isWanted ? "Pending" : "Disabled";
}

/** The records of nodes that AKS switches: nothing is ordered here, so a record only says what is seen, and in which boot a node was before Azure was asked. */
export function azureNodes({ nodes, snapshot, now }: Round, operation: Operation | undefined): readonly RoundNode[] {
  const isWanted = (operation?.mode ?? snapshot.cluster.desiredMode) === "BpfVeth";
  const isAsked = operation?.control.azure !== undefined;
  return nodes.map(({ record, seen }) => {
    const phase = phaseOf(seen, isWanted);
    const { bootBefore, ...rest } = record.phase === phase ? record : enter(record, phase, now);
    if (operation === undefined) return { seen, record: rest };
    return { seen, record: { ...rest, bootBefore: isAsked ? bootBefore : seen.bootId } };
  });
}

/** Nodes that host routing can be on for and that are not yet where the operation brings them, with what is seen of their reimage. */
export function reimageWaits(nodes: readonly RoundNode[], { mode, control }: Operation): readonly WaitDraft[] {
  if (control.azure?.step !== "Following") return [];
  const isOpen = ({ seen }: RoundNode): boolean => seen.ineligible === undefined && isOn(seen) !== (mode === "BpfVeth");
  return nodes.filter(isOpen).map(({ record, seen }) => {
    const isOld = record.bootBefore === seen.bootId;
    const message = isOld
      ? "AKS has not reimaged the node yet."
      : `The node is in a new boot (${seen.ready ? "Ready" : "not Ready"}), and not yet in the new mode.`;
    return { reason: "AzureReimaging", subject: record.node, message };
  });
}

/** Nodes whose Cilium says the opposite of what Azure has done. One that says nothing contradicts nobody. */
export function contradictingNodes(nodes: readonly RoundNode[], { mode }: Operation): readonly string[] {
  const opposite = mode === "BpfVeth" ? "Legacy" : "BpfVeth";
  return nodes
    .filter(({ seen }) => seen.ineligible === undefined && currentReport(seen)?.effectiveMode === opposite)
    .map(({ record }) => record.node);
}
