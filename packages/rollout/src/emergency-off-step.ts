import type { NodeRollout } from "@hostrouting/domain";
import { currentReport, hasUnseenOrder, isKnownLegacy, nextGeneration } from "./agent-report.ts";
import { desiredSpec, enter, hold, type NodeStep, type StepContext } from "./node-step.ts";

/** One node's step while host routing is switched off for its whole cluster: it rests where it is off, and keeps its place until that is known. */
export function whileOff(record: NodeRollout, context: StepContext): NodeStep {
  const off = { reason: "EmergencyOff" as const, message: "Host routing is switched off for the whole cluster (`spec.emergencyOff`)." };
  const { seen } = context;
  const atRest = record.phase === "Pending" || record.phase === "Disabled" || record.phase === "Failed";
  if (!atRest && !isKnownLegacy(record, seen)) return isForgotten(seen) ? withdrawOrder(record, context, off) : hold(record, off);
  const resting = atRest
    ? record
    : enter({ ...record, attempt: 0, problem: { reason: off.reason, message: off.message } }, "Pending", context.now);
  if (!hasUnseenOrder(seen)) return hold(resting, off);
  return withdrawOrder(resting, context, off);
}

/** Whether nothing is left of what the node was asked, so that its agent has nowhere to say that it is off. One that is labelled gets back what it had. */
function isForgotten(seen: StepContext["seen"]): boolean {
  return seen.spec === undefined && currentReport(seen) === undefined && !seen.labelled;
}

/**
 * A switch that an emergency took back stays taken back; its generation is spent. Asking the node to observe under a new one shows whether
 * the emergency still lasts.
 */
export function askAgain(record: NodeRollout, context: StepContext): NodeStep {
  const { seen } = context;
  const wait = { reason: "EmergencyOff" as const, message: "Host routing was switched off on the node." };
  if (seen.spec?.mode !== "BpfVeth") return hold(record, wait);
  return withdrawOrder(record, context, wait);
}

/** Asks a node that was ordered to switch for nothing but to observe, with a generation of its own. */
function withdrawOrder(
  record: NodeRollout,
  context: StepContext,
  wait: { readonly reason: "EmergencyOff"; readonly message: string },
): NodeStep {
  const renewed = { ...record, switchGeneration: nextGeneration(record, context.seen) };
  return hold(renewed, wait, ...context.driver.order(desiredSpec(renewed, "Observe", context), context.seen));
}
