import { unreachable, type NodeRollout } from "@hostrouting/domain";
import { currentReport, isDetached, nextGeneration } from "./agent-report.ts";
import { detachStep } from "./detach-step.ts";
import { enter, hold, move, type NodeStep, type StepContext } from "./node-step.ts";

/**
 * One node's way to `Disabled`: Pending → Detaching → Disabled. A node that was on its way to eBPF turns round at once, since it already
 * has its place in the budget. Nothing is cordoned or drained: the gated datapath lets go without moving a pod.
 */
export function disableStep(record: NodeRollout, context: StepContext): NodeStep {
  switch (record.phase) {
    case "Disabled":
      return isClean(context) ? move(record) : begin(record, context);
    case "Pending":
    case "Enabled":
    case "Soaking":
    case "Failed":
    case "Gone":
      return isClean(context)
        ? move(enter({ ...record, attempt: 0, problem: undefined }, "Disabled", context.now))
        : begin(record, context);
    case "Cordoning":
    case "Draining":
    case "Installing":
    case "Switching":
    case "Verifying":
    case "Confirming":
      return isClean(context)
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

function begin(record: NodeRollout, context: StepContext): NodeStep {
  const { seen } = context;
  if (!context.mayStart) return move(record);
  if (!seen.ready) return hold(record, { reason: "NodeNotReady", message: "The node is not Ready; its agent cannot let go." });
  if (currentReport(seen) === undefined || seen.agentPod === undefined)
    return hold(record, { reason: "AgentNotReporting", message: "No agent reports from the node, so nothing proves that it let go." });
  const refusal = context.budget.take();
  if (refusal !== undefined) return hold(record, { reason: "DisruptionBudgetFull", message: `${refusal}.` });
  return disableStep(turned(record, context), context);
}

function turnRound(record: NodeRollout, context: StepContext): NodeStep {
  return disableStep(turned(record, context), context);
}

function turned(record: NodeRollout, { seen, now }: StepContext): NodeRollout {
  return enter({ ...record, switchGeneration: nextGeneration(record, seen), problem: undefined }, "Detaching", now);
}
