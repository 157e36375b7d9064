import { as, type Instant, type NodeRollout } from "@hostrouting/domain";
import { currentReport } from "./agent-report.ts";
import { claimOf, enter, hold, isOverdue, move, patchNode, type NodeStep, type StepContext } from "./node-step.ts";
import { isOurClaim, parseOwner } from "./owner.ts";

/** Claims and cordons. Whether the cordon is ours was recorded before this write; the node's annotation says it too. */
export function cordonStep(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now } = context;
  if (!seen.ready && seen.cordonedBy === undefined)
    return move(
      enter(
        { ...record, problem: { reason: "NodeNotReady", message: "The node stopped being Ready before it was cordoned." } },
        "Pending",
        now,
      ),
    );
  const claim = isOurClaim(parseOwner(seen.owner), context.owner) ? {} : claimOf(context);
  const cordon = seen.unschedulable ? {} : { cordonedBy: context.owner.operationId };
  if (Object.keys(claim).length + Object.keys(cordon).length > 0) {
    // Whoever had cordoned it when it was claimed may have uncordoned it since: then this cordon is ours.
    const cordonedByUs = record.cordonedByUs || !seen.unschedulable;
    return move({ ...record, cordonedByUs }, patchNode(seen, { ...claim, ...cordon }));
  }
  return move(enter({ ...record, cordonedByUs: record.cordonedByUs && seen.cordonedBy !== undefined }, "Draining", now));
}

/** Evicts until no pod is left that must leave. What is left is listed anew in each round, never remembered. */
export function drainStep(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now, policy } = context;
  const until = as<Instant>(record.since + policy.drainTimeoutMs);
  if (seen.podsToEvict === undefined) return hold(record, { reason: "Draining", message: "Reading the node's pods.", until });
  if (seen.podsToEvict.length === 0) return awaitConnections({ ...record, drainedAt: record.drainedAt ?? now }, context);
  const refusals = context.evictionRefusals.filter((refusal) => refusal.node === record.node);
  const culprits = refusals.map((refusal) => `${refusal.budget} keeps ${refusal.pod}`).join("; ");
  if (isOverdue(record, policy.drainTimeoutMs, now)) {
    const message = `The node could not be drained in time: ${culprits || `${seen.podsToEvict.length} pods are left`}.`;
    return move(enter({ ...record, problem: { reason: "DrainBlocked", message } }, "Failed", now));
  }
  // Somebody uncordoned it: what is evicted would come back to it. The time limit goes on, so nobody quarrels over it for ever.
  if (!seen.unschedulable) return move({ ...record, cordonedByUs: true }, patchNode(seen, { cordonedBy: context.owner.operationId }));
  const evict = { kind: "EvictPods", node: seen.name, pods: seen.podsToEvict } as const;
  return refusals.length > 0
    ? hold(record, { reason: "PodDisruptionBudget", message: `${culprits}.`, until }, evict)
    : hold(record, { reason: "Draining", message: `${seen.podsToEvict.length} pods are left on the node.`, until }, evict);
}

/**
 * Pods that stay (of DaemonSets, of the node itself) and those that are just leaving may have connections still: waited for, but not for long, since the
 * switch keeps them. An agent of an earlier version counts none, and waiting would not change that; one that is silent for a moment may have counted many.
 */
function awaitConnections(record: NodeRollout, { seen, now, policy }: StepContext): NodeStep {
  const { drainedAt = now, since } = record;
  const report = currentReport(seen);
  const census = report?.census;
  const until = as<Instant>(Math.min(drainedAt + policy.drainConnectionIdleMs, since + policy.drainTimeoutMs));
  const isOver =
    (report !== undefined && census === undefined) || (census?.state === "Known" && census.longLived <= policy.drainConnectionsMax);
  if (isOver || now >= until) return move(enter(record, "Installing", now));
  const message =
    census?.state === "Known"
      ? `At most ${census.longLived} connections of the node's pods are older than 30 s; ${policy.drainConnectionsMax} may be left.`
      : `How many connections are left is not known yet: ${census?.message ?? "no agent reports from the node."}`;
  return hold(record, { reason: "ConnectionsDraining", message, until });
}
