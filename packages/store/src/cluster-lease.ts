import { as, type ClusterId, type FencingToken, type Instant } from "@hostrouting/domain";
import { sql, type Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** The right to act on one cluster until `expiresAt` on the database's clock. */
export type ClusterLease = {
  readonly clusterId: ClusterId;
  readonly holder: string;
  readonly token: FencingToken;
  readonly expiresAt: Instant;
};

/** Leases with fencing tokens. Only the database's clock counts. */
export type LeaseStore = {
  /** Takes a free or expired lease (token + 1), or extends one's own (same token). Nothing when somebody else holds it. */
  acquire(clusterId: ClusterId, holder: string, durationMs: number): Promise<ClusterLease | undefined>;
  /** Gives a lease back at once; the token stays, so that the next holder's is higher. */
  release(lease: ClusterLease): Promise<void>;
};

/** Leases on Postgres. */
export function leaseStore(db: Kysely<Tables>): LeaseStore {
  return {
    async acquire(clusterId, holder, durationMs) {
      const expires = sql<Date>`clock_timestamp() + ${durationMs} * interval '1 millisecond'`;
      const row = await db
        .insertInto("cluster_lease")
        .values({ cluster_id: clusterId, holder, token: 1, expires_at: expires })
        .onConflict((conflict) =>
          conflict
            .column("cluster_id")
            .doUpdateSet({
              holder,
              expires_at: expires,
              token: sql`cluster_lease.token + case when cluster_lease.holder = ${holder} and cluster_lease.expires_at > clock_timestamp() then 0 else 1 end`,
            })
            .where((where) =>
              where.or([where("cluster_lease.holder", "=", holder), where("cluster_lease.expires_at", "<=", sql<Date>`clock_timestamp()`)]),
            ),
        )
        .returningAll()
        .executeTakeFirst();
      return row && { clusterId, holder, token: as<FencingToken>(row.token), expiresAt: as<Instant>(row.expires_at.getTime()) };
    },
    async release(lease) {
      await db
        .updateTable("cluster_lease")
        .set({ expires_at: sql`clock_timestamp()` })
        .where("cluster_id", "=", lease.clusterId)
        .where("token", "=", lease.token)
        .where("holder", "=", lease.holder)
        .execute();
    },
  };
}
