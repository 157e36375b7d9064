import { sql, type Kysely } from "kysely";

/** Of a role assignment the description may be changed: by whom and when it was. Empty: never. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table role_assignment add column updated_by text, add column updated_at timestamptz`).execute(db);
}
