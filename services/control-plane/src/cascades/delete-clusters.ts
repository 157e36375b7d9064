import { as, type ClusterId, type ManagedCluster, type OperationError, type OperationId } from "@hostrouting/domain";
import type { AuditEntry } from "@hostrouting/store";
import type { Principal } from "../arm/principal.ts";
import { CLUSTER_TYPE } from "../arm/resource-ids.ts";
import type { Deps } from "../deps.ts";
import { retryLostRaces } from "../enablement/retry-lost-races.ts";
import { decideCascade, type CascadeDecision, type CascadeRule } from "./decide-cascade.ts";

/** Whose clusters go, in whose name. */
export type Cascade = {
  readonly subscriptionId: string;
  /** Absent: of the whole subscription. */
  readonly resourceGroup?: string;
  readonly principal: Principal;
  /** Nobody with a token asked for it. */
  readonly isNobodys?: boolean;
  readonly correlationId: string;
  readonly rule: CascadeRule;
};

/** How far it is. `resting`: those whose deletion failed, with why. */
export type CascadeProgress = {
  readonly going: number;
  readonly resting: readonly { readonly id: string; readonly error: OperationError }[];
};

type CascadeDeps = Pick<Deps, "store" | "doorbell" | "clock" | "newId" | "logger">;

const PAGE = 100;

function entryOf(cascade: Cascade, cluster: ManagedCluster, operationId: string): AuditEntry {
  const { subscriptionId, principal, isNobodys, correlationId } = cascade;
  const { resourceGroup, name } = cluster;
  return {
    subscriptionId,
    principal: isNobodys === true ? undefined : principal,
    action: `${CLUSTER_TYPE}/delete`,
    scope: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${CLUSTER_TYPE}/${name}`,
    outcome: "Accepted",
    requestId: operationId,
    correlationId,
    clientRequestId: undefined,
  };
}

async function deleteOne(deps: CascadeDeps, cascade: Cascade, cluster: ManagedCluster): Promise<CascadeDecision["result"]> {
  const { principal, rule } = cascade;
  const operationId = as<OperationId>(deps.newId());
  const now = new Date(deps.clock.now()).toISOString();
  const given = { name: cluster.name, principal, operationId, etag: deps.newId(), now };
  const result = await retryLostRaces(() =>
    deps.store().clusters.change(cluster.id, (locked) => decideCascade(locked, given, rule), entryOf(cascade, cluster, operationId)),
  );
  if (result.kind !== "Begun") return result;
  deps.logger.info(
    { clusterId: cluster.id, operationId, correlationId: cascade.correlationId },
    "deletion of a cluster with what it is in",
  );
  void deps.doorbell.ring(cluster.id);
  return result;
}

/** Sees to it that every cluster is being deleted. May be repeated, and may run in several processes at once: a deletion that is under way is followed. */
export async function deleteClusters(deps: CascadeDeps, cascade: Cascade): Promise<CascadeProgress> {
  const { subscriptionId, resourceGroup } = cascade;
  const where = { subscriptionId, ...(resourceGroup !== undefined && { resourceGroup }), limit: PAGE };
  const resting: { id: string; error: OperationError }[] = [];
  let going = 0;
  for (let after: ClusterId | undefined, more = true; more;) {
    const page = await deps.store().clusters.list({ ...where, ...(after !== undefined && { after }) });
    for (const cluster of page) {
      const isGoing = cluster.provisioningState === "Deleting";
      const result = isGoing ? ({ kind: "Going" } as const) : await deleteOne(deps, cascade, cluster);
      if (result.kind === "Rests") resting.push({ id: cluster.id, error: result.error });
      else if (result.kind !== "Gone") going++;
    }
    after = page.at(-1)?.id;
    more = page.length === PAGE;
  }
  return { going, resting };
}
