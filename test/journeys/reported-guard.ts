import type { Stage } from "./stage.ts";

/** What a node's agent reports of its guard; members are absent until it does. */
export type ReportedGuard = {
  readonly rung?: string;
  readonly mode?: string;
  readonly blocked?: number;
  readonly audited?: number;
  readonly auditUntil?: string;
};

/** The guard's part of a node's HostRoutingNode. */
export async function reportedGuard(stage: Stage, node: string): Promise<ReportedGuard> {
  const { status } = await stage.cluster.get(`hostroutingnode/${node}`);
  return (status as { guard?: ReportedGuard } | undefined)?.guard ?? {};
}
