import type { ClusterId } from "@hostrouting/domain";
import { sql, type Transaction } from "kysely";
import type { Tables } from "./tables.ts";
import { recordUsage } from "./usage.ts";

/** For how long the operations of a cluster that is gone can be read. */
export const OPERATION_KEPT_DAYS = 7;

/**
 * Removes a cluster with all that belongs to it. What its nodes used is charged up to now; its history, charges and operations stay, the latter for a week.
 */
export async function removeCluster(tx: Transaction<Tables>, clusterId: ClusterId): Promise<void> {
  await recordUsage(tx, clusterId, []);
  await tx.deleteFrom("managed_cluster").where("id", "=", clusterId).execute();
  await sql`delete from operation where ended_at < clock_timestamp() - ${OPERATION_KEPT_DAYS} * interval '1 day'
    and not exists (select from managed_cluster c where c.id = operation.cluster_id)`.execute(tx);
}
