import { sql, type Kysely } from "kysely";

/** Template deployments: what was asked for, who carries it out, and what each resource came to. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const TERMINAL = "('Succeeded', 'Failed', 'Canceled')";

const STATEMENTS = [
  // A template is handed back as it was written: json keeps the order of its members.
  `create table deployment (
    id text primary key check (id = lower(id)),
    subscription_id text not null, resource_group text not null, resource_group_key text not null, name text not null,
    run_id uuid not null unique, mode text not null check (mode in ('Incremental', 'Complete')),
    state text not null check (state in ('Accepted', 'Running', 'Succeeded', 'Failed', 'Canceled')),
    correlation_id text not null, template_hash text not null, principal jsonb not null,
    input json not null, shown json not null, has_secrets boolean not null,
    outputs json, error jsonb,
    holder text not null, token bigint not null, expires_at timestamptz not null,
    started_at timestamptz not null default clock_timestamp(), ended_at timestamptz,
    foreign key (subscription_id, resource_group_key) references resource_group on delete cascade,
    check ((ended_at is not null) = (state in ${TERMINAL})))`,
  `create index deployment_by_group on deployment (subscription_id, resource_group_key, id)`,
  `create index deployment_open on deployment (expires_at) where state not in ${TERMINAL}`,
  `create table deployment_step (
    run_id uuid not null references deployment (run_id) on delete cascade, key text not null, id uuid not null,
    kind text not null, target jsonb, state text not null, status_code integer, error jsonb, follow_url text,
    started_at timestamptz not null default clock_timestamp(), ended_at timestamptz,
    primary key (run_id, key), check ((ended_at is not null) = (state in ${TERMINAL})))`,
  // Terminal means terminal: a runner that comes back late changes nothing.
  `create function deployment_stays_ended() returns trigger language plpgsql as $$
    begin
      if old.state in ${TERMINAL} then raise exception 'deployment % has ended as % and never changes', old.id, old.state; end if;
      return new;
    end $$`,
  `create trigger deployment_stays_ended before update on deployment for each row execute function deployment_stays_ended()`,
];
