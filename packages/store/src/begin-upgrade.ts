import type { OperationId } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "./clusters.ts";

/** Who begins an upgrade. A worker has no name: both ids are empty then, and the operation is the tenant's to whom the subscription belongs. */
export type UpgradeWish = { readonly operationId: OperationId; readonly tenantId: string; readonly objectId: string };

/** What begins the operation that brings every node to the bundle that is offered to the workers. The mode stays what it is. */
export function upgradeChange({ cluster }: LockedCluster, { operationId, tenantId, objectId }: UpgradeWish): ClusterChange {
  const { generation } = cluster;
  return {
    cluster: { ...cluster, provisioningState: "Updating", activeOperationId: operationId },
    begin: { id: operationId, kind: "UpgradeBundle", mode: cluster.desiredMode, generation, tenantId, objectId },
    history: [{ kind: "OperationAccepted", data: { operationId, kind: "UpgradeBundle", generation, by: objectId } }],
  };
}
