import { sql, type Kysely } from "kysely";

/** When nodes may be disturbed: a cluster's maintenance configurations by name. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("alter table cluster_round add column maintenance jsonb not null default '{}'").execute(db);
}
