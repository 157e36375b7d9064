import type { NodeRollout } from "@hostrouting/domain";
import { currentReport, hasObserved, isDetached } from "./agent-report.ts";
import { desiredSpec, hold, isAskedFor, move, type NodeStep, type StepContext } from "./node-step.ts";

/**
 * Gives a node's traffic back to the stack and waits until its kernel shows nothing of ours. There is no time limit: a node that may still route by eBPF
 * is never called anything else. `next` says where the record goes afterwards.
 */
export function detachStep(
  record: NodeRollout,
  context: StepContext,
  next: (record: NodeRollout, context: StepContext) => NodeRollout,
): NodeStep {
  const { seen } = context;
  const report = currentReport(seen);
  const wanted = desiredSpec(record, "None", context);
  const writes = context.driver.order(wanted, seen);
  const bootedSince = report === undefined && seen.spec !== undefined && seen.spec.bootID !== seen.bootId;
  if (bootedSince) return move(next(record, context));
  if (isAskedFor(wanted, seen) && hasObserved(report, record) && isDetached(record, seen)) return move(next(record, context));
  if (!seen.ready) return hold(record, { reason: "NodeNotReady", message: "The node is not Ready; its agent cannot let go." }, ...writes);
  if (report === undefined || seen.agentPod === undefined)
    return hold(
      record,
      { reason: "AgentNotReporting", message: "No agent reports from the node, so nothing proves that it let go." },
      ...writes,
    );
  return hold(record, { reason: "Detaching", message: `The agent says: ${report.effectiveMode}, ${report.reason}` }, ...writes);
}
