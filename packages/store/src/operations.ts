import { as, type ClusterId, type Instant, type Operation, type OperationId } from "@hostrouting/domain";
import type { Kysely, Selectable } from "kysely";
import type { Tables } from "./tables.ts";

/** Operations as read by the surfaces; they are written by `clusters.change` and `rounds.record` only. */
export type OperationStore = {
  get(id: OperationId): Promise<Operation | undefined>;
  /** The newest first, at most `limit`. */
  list(clusterId: ClusterId, limit: number): Promise<Operation[]>;
};

/** Maps a row to the domain's operation. */
export function toOperation(row: Selectable<Tables["operation"]>): Operation {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    kind: row.kind,
    mode: row.mode,
    generation: row.generation,
    phase: row.phase,
    percentComplete: row.percent_complete,
    error: row.error ?? undefined,
    cancelRequested: row.cancel_requested,
    control: row.control,
    revision: row.revision,
    startedAt: as<Instant>(row.started_at.getTime()),
    endedAt: row.ended_at === null ? undefined : as<Instant>(row.ended_at.getTime()),
    tenantId: row.tenant_id,
    objectId: row.object_id,
  };
}

/** Operations on Postgres. */
export function operationStore(db: Kysely<Tables>): OperationStore {
  return {
    async get(id) {
      const row = await db.selectFrom("operation").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toOperation(row);
    },
    async list(clusterId, limit) {
      const rows = await db
        .selectFrom("operation")
        .selectAll()
        .where("cluster_id", "=", clusterId)
        .orderBy("started_at", "desc")
        .limit(limit)
        .execute();
      return rows.map(toOperation);
    },
  };
}
