import { sql, type Kysely } from "kysely";

/** Where the kubeconfigs of a registered cluster's users are: paths of files, as they are given at each registration. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table managed_cluster add column user_credentials jsonb`).execute(db);
}
