import { sql, type Kysely } from "kysely";

/** What was asked of clusters without changing them, and the last answers. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // A report is read as a whole and shown as it was written: json keeps the order of its members.
  `create table assessment (
    id uuid primary key, cluster_id text not null references managed_cluster (id) on delete cascade,
    kind text not null, mode text not null, rollout_policy jsonb not null,
    state text not null, report json, error jsonb, tenant_id text not null, object_id text not null,
    requested_at timestamptz not null default clock_timestamp(), ended_at timestamptz,
    check ((state = 'Pending') = (ended_at is null)))`,
  // A later question takes the place of the one before: the database refuses a second.
  `create unique index assessment_one_pending on assessment (cluster_id, kind) where state = 'Pending'`,
  `create index assessment_of_cluster on assessment (cluster_id, requested_at)`,
];
