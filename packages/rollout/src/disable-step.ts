import { unreachable, type NodeRollout } from "@hostrouting/domain";
import { currentReport, isDetached, nextGeneration } from "./agent-report.ts";
import { detachStep } from "./detach-step.ts";
import { whyNoLongerOn } from "./enable-step.ts";
import { renewObject } from "./renew-object.ts";
import { enter, hold, move, type NodeStep, type StepContext } from "./node-step.ts";

/**
 * One node's way to `Disabled`: Pending → Detaching → Disabled. A node that was on its way to eBPF turns round at once, since it already
 * has its place in the budget. Nothing is cordoned or drained: the gated datapath lets go without moving a pod.
 */
export function disableStep(record: NodeRollout, context: StepContext): NodeStep {
  switch (record.phase) {
    case "Disabled":
      return isClean(record, context) ? move(record) : begin(record, context);
    case "Enabled":
    case "Soaking":
      // Its order stands until its turn comes, and its kernel may have fallen back long before.
      return letGo(whyNoLongerOn(record, context) === undefined ? record : enter(record, "Pending", context.now), context);
    case "Pending":
    case "Failed":
    case "Gone":
      return letGo(record, context);
    case "Cordoning":
    case "Draining":
    case "Installing":
    case "Switching":
    case "Verifying":
    case "Confirming":
      return isClean(record, context) ? move(asDisabled(record, context)) : turnRound(record, context);
    case "Detaching":
      return detachStep(record, context, asDisabled);
    default:
      return unreachable(record.phase);
  }
}

function letGo(record: NodeRollout, context: StepContext): NodeStep {
  return isClean(record, context) ? move(asDisabled(record, context)) : begin(record, context);
}

function asDisabled(record: NodeRollout, { now }: StepContext): NodeRollout {
  return enter({ ...record, attempt: 0, problem: undefined, ordered: undefined }, "Disabled", now);
}

/** Whether nothing is asked of the node and nothing of ours is in its kernel. */
function isClean(record: NodeRollout, { seen }: StepContext): boolean {
  const asked = seen.spec !== undefined && (seen.spec.mode === "BpfVeth" || seen.spec.mode === "Drain") && seen.spec.bootID === seen.bootId;
  return !asked && isDetached(record, seen);
}

function begin(record: NodeRollout, context: StepContext): NodeStep {
  const { seen } = context;
  if (!context.mayStart) return move(record);
  const renewed = renewObject(record, context);
  if (renewed !== undefined) return renewed;
  if (!seen.ready) return hold(record, { reason: "NodeNotReady", message: "The node is not Ready; its agent cannot let go." });
  // Without an object its agent can say nothing before it is asked, and nothing of ours has been verified in this boot.
  const isHeard = seen.agentPod !== undefined && (seen.spec === undefined || currentReport(seen) !== undefined);
  if (!isHeard)
    return hold(record, { reason: "AgentNotReporting", message: "No agent reports from the node, so nothing proves that it let go." });
  const missing = seen.spec === undefined ? undefined : whyRulesAreMissed(record, context);
  if (missing !== undefined) return hold(record, missing);
  const refusal = context.budget.take(seen);
  if (refusal !== undefined) return hold(record, { reason: "DisruptionBudgetFull", message: `${refusal}.` });
  return disableStep(turned(record, context), context);
}

/**
 * Until a node lets go its pods are kept from Azure's own addresses by the policy; afterwards by its own rules alone, so they must be there. What
 * was not there when it was switched on is not asked for. Only an end in order is held up: whatever failed lets go at once.
 */
function whyRulesAreMissed(
  record: NodeRollout,
  { seen, standsForRules }: StepContext,
): { reason: "PlatformRulesMissing" | "PlatformRulesUnknown"; message: string } | undefined {
  const found = currentReport(seen)?.platformRules;
  if (!standsForRules || record.platformRules === "Missing" || found?.state === "Present" || isDetached(record, seen)) return undefined;
  if (found?.state === "Missing")
    return {
      reason: "PlatformRulesMissing",
      message: `Once host routing is off, nothing on the node would deny ${found.missing.join(", ")} to its pods.`,
    };
  return {
    reason: "PlatformRulesUnknown",
    message: "The agent could not tell whether the node's own rules deny what the network policy denies.",
  };
}

function turnRound(record: NodeRollout, context: StepContext): NodeStep {
  return disableStep(turned(record, context), context);
}

function turned(record: NodeRollout, { seen, now }: StepContext): NodeRollout {
  return enter({ ...record, switchGeneration: nextGeneration(record, seen), problem: undefined }, "Detaching", now);
}
