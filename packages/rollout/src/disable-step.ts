import { unreachable, type NodePhase, type NodeRollout } from "@hostrouting/domain";
import { currentReport, isDetached, nextGeneration } from "./agent-report.ts";
import { detachStep } from "./detach-step.ts";
import { renewObject } from "./renew-object.ts";
import { enter, hold, move, type NodeStep, type StepContext } from "./node-step.ts";

/**
 * One node's way to `Disabled`: Pending → Detaching → Disabled. A node that was on its way to eBPF turns round at once, since it already
 * has its place in the budget. Nothing is cordoned or drained: the gated datapath lets go without moving a pod.
 */
export function disableStep(record: NodeRollout, context: StepContext): NodeStep {
  switch (record.phase) {
    case "Disabled":
      return isClean(context) ? move(record) : begin(record, context);
    case "Enabled":
    case "Soaking":
    case "Pending":
    case "Failed":
    case "Gone":
      return isKnownClean(record, context)
        ? move(enter({ ...record, attempt: 0, problem: undefined }, "Disabled", context.now))
        : begin(record, context);
    case "Cordoning":
    case "Draining":
    case "Installing":
    case "Switching":
    case "Verifying":
    case "Confirming":
      return isKnownClean(record, context)
        ? move(enter({ ...record, attempt: 0, problem: undefined }, "Disabled", context.now))
        : turnRound(record, context);
    case "Detaching":
      return detachStep(record, context, (done, { now }) => enter({ ...done, attempt: 0, problem: undefined }, "Disabled", now));
    default:
      return unreachable(record.phase);
  }
}

/** Whether nothing is asked of the node and nothing of ours is in its kernel. */
function isClean({ seen }: StepContext): boolean {
  const asked = seen.spec !== undefined && (seen.spec.mode === "BpfVeth" || seen.spec.mode === "Drain") && seen.spec.bootID === seen.bootId;
  return !asked && isDetached(seen);
}

/** Phases in which a node was asked for eBPF. */
const ASKED: ReadonlySet<NodePhase> = new Set(["Switching", "Verifying", "Confirming", "Soaking", "Enabled"]);

/** As `isClean`, and somebody says so: of a node that was asked for eBPF and has no object any more nothing is known. */
function isKnownClean({ phase }: NodeRollout, context: StepContext): boolean {
  const { seen } = context;
  return isClean(context) && (!ASKED.has(phase) || seen.spec !== undefined || currentReport(seen) !== undefined);
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
  { platformRules }: NodeRollout,
  { seen, standsForRules }: StepContext,
): { reason: "PlatformRulesMissing" | "PlatformRulesUnknown"; message: string } | undefined {
  const found = currentReport(seen)?.platformRules;
  if (!standsForRules || platformRules === "Missing" || found?.state === "Present" || isDetached(seen)) return undefined;
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
