import { sql, type Kysely } from "kysely";

/** What ARM keeps about subscriptions and resource groups beside their names. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table resource_group add column tags jsonb not null default '{}', add column managed_by text`,
  // Null: registered by the set-up and never told of since; whatever is told first is later than that.
  `alter table subscription add column registered_at timestamptz, add column properties jsonb not null default '{}'`,
  `create table subscription_feature (
    subscription_id text not null references subscription, name text not null check (name = lower(name)),
    state text not null check (state in ('Registered', 'NotRegistered')),
    primary key (subscription_id, name))`,
];
