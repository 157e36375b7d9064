import type { ClusterId, ManagedCluster } from "@hostrouting/domain";
import { sql, type RawBuilder, type Selectable } from "kysely";
import type { Tables } from "./tables.ts";

/** Of a cluster's row, all that the domain's cluster is made of. */
const COLUMNS = [
  "id",
  "subscription_id",
  "resource_group",
  "name",
  "location",
  "tags",
  "envelope",
  "properties",
  "desired_mode",
  "generation",
  "etag",
  "provisioning_state",
  "active_operation_id",
  "provider",
  "driver",
  "access_reference",
  "system_data",
] as const;

/** A cluster's row, as far as the domain's cluster is made of it. */
export type ClusterRow = Pick<Selectable<Tables["managed_cluster"]>, (typeof COLUMNS)[number]>;

/** A cluster's row as one value, or null where there is none: the driver reads one JSON in a fraction of the time that so many columns take. */
export function clusterJson(id: ClusterId): RawBuilder<ClusterRow | null> {
  const columns = sql.join(COLUMNS.map((one) => sql.ref(one)));
  return sql`(select row_to_json(c) from (select ${columns} from managed_cluster where id = ${id}) c)`;
}

/** Maps a row to the domain's cluster. */
export function toManagedCluster(row: ClusterRow): ManagedCluster {
  return {
    id: row.id,
    subscriptionId: row.subscription_id,
    resourceGroup: row.resource_group,
    name: row.name,
    location: row.location,
    tags: row.tags,
    envelope: row.envelope,
    properties: row.properties,
    desiredMode: row.desired_mode,
    generation: row.generation,
    etag: row.etag,
    provisioningState: row.provisioning_state,
    activeOperationId: row.active_operation_id ?? undefined,
    provider: row.provider,
    driver: row.driver,
    accessReference: row.access_reference,
    systemData: row.system_data,
  };
}
