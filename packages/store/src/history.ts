import { as, type ClusterId, type HistoryEntry, type Instant } from "@hostrouting/domain";
import { sql, type Kysely, type Transaction } from "kysely";
import { statement } from "./prepared-statements.ts";
import type { Tables } from "./tables.ts";

/** An entry with its place (gap-free and growing within its cluster) and the database's time. */
export type HistoryRow = HistoryEntry & { readonly seq: number; readonly at: Instant };

const append = statement(
  "history",
  ({ clusterId, count, all }: { readonly clusterId: ClusterId; readonly count: number; readonly all: string }) => sql`
    with counter as (
      insert into history_counter (cluster_id, seq) values (${clusterId}, ${count})
      on conflict (cluster_id) do update set seq = history_counter.seq + ${count} returning seq)
    insert into history (cluster_id, seq, kind, data)
    select ${clusterId}, counter.seq - ${count} + entry.place, entry.value->>'kind', entry.value->'data'
    from counter, jsonb_array_elements(${all}::jsonb) with ordinality entry(value, place) order by entry.place`,
);

/** Appends entries inside the transaction that they describe; one statement, since every change of a cluster waits for it. */
export async function appendHistory(tx: Transaction<Tables>, clusterId: ClusterId, entries: readonly HistoryEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await append(tx, { clusterId, count: entries.length, all: JSON.stringify(entries) });
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
