import { as, type ClusterId, type HistoryEntry, type Instant } from "@hostrouting/domain";
import { sql, type Kysely, type Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** An entry with its place (gap-free and growing within its cluster) and the database's time. */
export type HistoryRow = HistoryEntry & { readonly seq: number; readonly at: Instant };

/** Appends entries inside the transaction that they describe. */
export async function appendHistory(tx: Transaction<Tables>, clusterId: ClusterId, entries: readonly HistoryEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const { seq } = await tx
    .insertInto("history_counter")
    .values({ cluster_id: clusterId, seq: entries.length })
    .onConflict((conflict) => conflict.column("cluster_id").doUpdateSet({ seq: sql`history_counter.seq + ${entries.length}` }))
    .returning("seq")
    .executeTakeFirstOrThrow();
  const first = seq - entries.length + 1;
  await tx
    .insertInto("history")
    .values(
      entries.map((entry, index) => ({ cluster_id: clusterId, seq: first + index, kind: entry.kind, data: JSON.stringify(entry.data) })),
    )
    .execute();
}

/** What happened to a cluster after `afterSeq`, oldest first, at most `limit` rows. */
export async function readHistory(
  db: Kysely<Tables>,
  clusterId: ClusterId,
  page: { afterSeq: number; limit: number },
): Promise<HistoryRow[]> {
  const rows = await db
    .selectFrom("history")
    .selectAll()
    .where("cluster_id", "=", clusterId)
    .where("seq", ">", page.afterSeq)
    .orderBy("seq")
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({ seq: row.seq, at: as<Instant>(row.at.getTime()), kind: row.kind, data: row.data }));
}
