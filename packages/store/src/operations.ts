import { as, type ClusterId, type Instant, type Operation, type OperationId, type OperationResource } from "@hostrouting/domain";
import { sql, type Kysely, type Selectable } from "kysely";
import { OPERATION_KEPT_DAYS } from "./remove-cluster.ts";
import type { Tables } from "./tables.ts";

/** Operations as read by the surfaces; they are written by `clusters.change` and `rounds.record` only. */
export type OperationStore = {
  get(id: OperationId): Promise<Operation | undefined>;
  /** With what it is about, also when that is gone; then for seven days after its end. */
  find(id: OperationId): Promise<{ readonly operation: Operation; readonly resource: OperationResource } | undefined>;
  /** The newest first, at most `limit`; with `after` those that come after that one, none where the cluster has no such operation. */
  list(clusterId: ClusterId, limit: number, after?: OperationId): Promise<Operation[]>;
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
    async find(id) {
      const row = await db
        .selectFrom("operation")
        .leftJoin("managed_cluster", "managed_cluster.id", "operation.cluster_id")
        .selectAll("operation")
        .where("operation.id", "=", id)
        .where((where) =>
          where.or([
            where("managed_cluster.id", "is not", null),
            where("ended_at", ">", sql<Date>`clock_timestamp() - ${OPERATION_KEPT_DAYS} * interval '1 day'`),
          ]),
        )
        .executeTakeFirst();
      return row && { operation: toOperation(row), resource: row.resource };
    },
    async list(clusterId, limit, after) {
      const rows = await db
        .selectFrom("operation")
        .selectAll()
        .where("cluster_id", "=", clusterId)
        .$if(after !== undefined, (query) =>
          query.where(
            sql<boolean>`(started_at, id) < (select a.started_at, a.id from operation a where a.id = ${after} and a.cluster_id = ${clusterId})`,
          ),
        )
        .orderBy("started_at", "desc")
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
      return rows.map(toOperation);
    },
  };
}
