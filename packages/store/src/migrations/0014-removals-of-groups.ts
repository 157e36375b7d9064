import { sql, type Kysely } from "kysely";

/** Removals of resource groups that clients follow while what is in them goes first. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // Outlives its group, since whoever follows it asks once more when that is gone.
  `create table group_removal (
    id uuid primary key, subscription_id text not null references subscription, name text not null check (name = lower(name)),
    principal jsonb not null, correlation_id text not null, error jsonb,
    started_at timestamptz not null default clock_timestamp(), ended_at timestamptz,
    check (error is null or ended_at is not null))`,
  `create index group_removal_open on group_removal (subscription_id, name) where ended_at is null`,
];
