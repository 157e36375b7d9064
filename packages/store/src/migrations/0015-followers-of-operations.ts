import { sql, type Kysely } from "kysely";

/** Who may follow an operation that somebody else started. A table of its own, since operations that ended never change. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create table operation_follower (
        operation_id uuid not null references operation on delete cascade, tenant_id text not null, object_id text not null,
        primary key (operation_id, tenant_id, object_id))`,
    )
    .execute(db);
}
