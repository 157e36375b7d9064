import type { NodeRollout } from "@hostrouting/domain";
import { isKnownLegacy } from "./agent-report.ts";
import { isInFlight } from "./budget.ts";
import type { Intent, PatchNodeIntent } from "./intent.ts";
import { patchNode, type StepContext } from "./node-step.ts";
import { isLaterClaim, parseOwner } from "./owner.ts";

/**
 * Keeps a Node object true to its record: the label says what was confirmed and is taken away only when the kernel
 * shows the stack; at rest, our cordon (and only ours) is lifted and our claim given back. Derived from the state in every round, so that a write
 * that was lost is simply made again.
 */
export function upkeep(record: NodeRollout, context: StepContext): { readonly record: NodeRollout; readonly intents: readonly Intent[] } {
  const { seen, policy } = context;
  const kept = record.cordonedByUs && !seen.unschedulable && record.phase !== "Cordoning" ? { ...record, cordonedByUs: false } : record;
  if (isInFlight(record.phase)) {
    const lies = seen.labelled && isKnownLegacy(seen);
    return { record: kept, intents: lies ? [patchNode(seen, { labelled: false })] : [] };
  }
  const isOn = record.phase === "Enabled" || record.phase === "Soaking";
  const quarantined = record.phase === "Failed" && record.problem?.reason === "DrainBlocked" && policy.undrainableNodeBehavior === "Cordon";
  const claim = parseOwner(seen.owner);
  const changes: Omit<PatchNodeIntent, "kind" | "node" | "uid" | "resourceVersion"> = {
    ...(isOn && !seen.labelled ? { labelled: true } : {}),
    ...(!isOn && seen.labelled && isKnownLegacy(seen) ? { labelled: false } : {}),
    ...(kept.cordonedByUs && seen.cordonedBy !== undefined && !quarantined ? { cordonedBy: null } : {}),
    ...(claim !== undefined && !isLaterClaim(claim, context.owner) ? { owner: null } : {}),
  };
  return { record: kept, intents: Object.keys(changes).length === 0 ? [] : [patchNode(seen, changes)] };
}
