import { sql, type Kysely } from "kysely";

/** What people ask of an operation under way, and which version of it a round has read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw("alter table operation add column control jsonb not null default '{}', add column revision integer not null default 0")
    .execute(db);
}
