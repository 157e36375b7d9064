import { whyNoDisruption } from "@hostrouting/domain";
import { isInFlight } from "./budget.ts";
import { isReached, isWanted } from "./failure-budget.ts";
import type { Outcome, Round } from "./round.ts";
import { CLUSTER, type WaitDraft } from "./waits.ts";

/**
 * Why no node may be started now, because of an upgrade or of when the cluster's owner lets nodes be disturbed. Nodes in flight are finished all the same.
 * What an emergency has switched off already is let go of at any time.
 */
export function closedWindow({ snapshot, observed, now }: Round): WaitDraft | undefined {
  if (observed.config?.emergencyOff === true) return undefined;
  if (snapshot.upgrade !== undefined) return { reason: "ClusterUpgrading", subject: CLUSTER, message: snapshot.upgrade };
  const hold = whyNoDisruption(snapshot.disruption, snapshot.policy, now);
  if (hold === undefined) return undefined;
  const { until, ...said } = hold;
  return { ...said, subject: CLUSTER, ...(until !== undefined && { until }) };
}

/** Whether a switching on has nodes left to start: then a closed window is what it waits for. */
export function hasNodesToEnable(round: Round, nodes: Outcome["nodes"]): boolean {
  const isLeft = (node: Outcome["nodes"][number]): boolean => node.record.phase === "Enabled" && !isReached(round, node);
  return nodes.some((node) => (node.record.phase === "Pending" || isLeft(node)) && isWanted(round, node));
}

/** Whether a switching off has. */
export function hasNodesToDisable(nodes: Outcome["nodes"]): boolean {
  return nodes.some(({ record }) => record.phase !== "Disabled" && !isInFlight(record.phase));
}
