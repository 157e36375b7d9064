import { sql, type Kysely } from "kysely";

/** What fails again and again over a cluster, and until when further failures count as the same try. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("alter table cluster_round add column faults jsonb, add column fault_retry_at timestamptz").execute(db);
}
