import { sql, type Kysely } from "kysely";

/** Every control plane looks for deleted subscriptions each second: that must not cost more where there are many others. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`create index subscription_deleted on subscription (id) where state = 'Deleted'`).execute(db);
}
