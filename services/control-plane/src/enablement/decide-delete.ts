import type { OperationId } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import type { ArmError } from "../arm/arm-error.ts";
import { whyNotPreconditions, type Preconditions } from "../arm/etags.ts";
import { underWay, type Change } from "./decide-settings.ts";
import { withMode } from "./merge-managed-cluster.ts";

/** A DELETE with all that it needs from outside. */
export type DeleteRequest = Change & { readonly preconditions: Preconditions };

/** `Absent`: there is no such cluster, which is what was asked for. */
export type DeleteDecision = {
  readonly change?: ClusterChange;
  readonly result: { readonly operationId: OperationId; readonly location: string; readonly subscriptionId: string } | "Absent" | ArmError;
};

/**
 * What a DELETE makes of a cluster under lock. It is never refused for what is under way: that ends now, as superseded; a second DELETE follows the first.
 *
 * A cluster that a provider made is removed with all its nodes. One that was registered is somebody else's: host routing is switched off on every node,
 * the bundle is removed, and then the cluster is known to us no longer; nothing of it is deleted.
 */
export function decideDelete(locked: LockedCluster | undefined, given: DeleteRequest): DeleteDecision {
  if (locked === undefined) return { result: "Absent" };
  const { cluster, provisioning } = locked;
  const precondition = whyNotPreconditions(given.preconditions, cluster.etag);
  if (precondition !== undefined) return { result: precondition };
  const { location, subscriptionId } = cluster;
  const active = underWay(locked);
  if (active?.kind === "DeleteManagedCluster") return { result: { operationId: active.id, location, subscriptionId } };
  const { operationId, etag, now, principal } = given;
  const { tenantId, objectId, name, type } = principal;
  const generation = cluster.generation + 1;
  const kind = "DeleteManagedCluster" as const;
  const supersede = active && {
    operationId: active.id,
    error: { code: "Superseded", message: `Canceled because operation ${operationId} deletes the cluster.` },
  };
  const isMade = provisioning !== undefined;
  return {
    change: {
      cluster: {
        ...cluster,
        ...(isMade ? {} : { desiredMode: "None", properties: withMode(cluster.properties, "None") }),
        generation,
        etag,
        provisioningState: "Deleting",
        activeOperationId: operationId,
        systemData: { ...cluster.systemData, lastModifiedBy: name, lastModifiedByType: type, lastModifiedAt: now },
      },
      ...(isMade && { provision: { provider: provisioning.provider, present: false, generation } }),
      begin: { id: operationId, kind, mode: "None", generation, tenantId, objectId, ...(isMade && { control: { provision: "Alone" } }) },
      ...(supersede && { supersede }),
      history: [
        ...(supersede ? [{ kind: "OperationSuperseded", data: { operationId: supersede.operationId, by: operationId } }] : []),
        { kind: "OperationAccepted", data: { operationId, kind, generation, by: objectId } },
      ],
    },
    result: { operationId, location, subscriptionId },
  };
}
