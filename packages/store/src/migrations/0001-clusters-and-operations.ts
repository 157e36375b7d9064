import { sql, type Kysely } from "kysely";

/** Clusters, operations, rounds, leases and history: what one enablement needs from request to end. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const TERMINAL = "('Succeeded', 'Failed', 'Canceled')";

const STATEMENTS = [
  `create table subscription (
    id text primary key, tenant_id text not null, display_name text not null,
    state text not null check (state in ('Registered', 'Unregistered', 'Warned', 'Suspended', 'Deleted')))`,
  `create table resource_group (
    subscription_id text not null references subscription, name text not null, display_name text not null, location text not null,
    primary key (subscription_id, name))`,
  `create table managed_cluster (
    id text primary key check (id = lower(id)),
    subscription_id text not null, resource_group text not null, resource_group_key text not null, name text not null, location text not null,
    tags jsonb not null, envelope jsonb not null, properties jsonb not null,
    desired_mode text not null check (desired_mode in ('BpfVeth', 'None')),
    generation bigint not null, etag text not null, provisioning_state text not null, active_operation_id uuid,
    provider text not null, driver text not null, access_reference text not null, system_data jsonb not null,
    foreign key (subscription_id, resource_group_key) references resource_group)`,
  `create index managed_cluster_by_group on managed_cluster (subscription_id, resource_group_key, id)`,
  `create table operation (
    id uuid primary key, cluster_id text not null references managed_cluster on delete cascade,
    kind text not null, mode text not null, generation bigint not null, phase text not null,
    percent_complete integer not null check (percent_complete between 0 and 100),
    error jsonb, cancel_requested boolean not null default false,
    tenant_id text not null, object_id text not null,
    started_at timestamptz not null default clock_timestamp(), ended_at timestamptz,
    check ((ended_at is not null) = (phase in ${TERMINAL})))`,
  // At most one operation of a cluster is under way: the database refuses a second, whatever the code believes.
  `create unique index operation_one_active on operation (cluster_id) where phase not in ${TERMINAL}`,
  `create index operation_by_cluster on operation (cluster_id, started_at desc)`,
  // Terminal means terminal: no update may touch an ended operation.
  `create function operation_stays_ended() returns trigger language plpgsql as $$
    begin
      if old.phase in ${TERMINAL} then raise exception 'operation % has ended as % and never changes', old.id, old.phase; end if;
      return new;
    end $$`,
  `create trigger operation_stays_ended before update on operation for each row execute function operation_stays_ended()`,
  `create table cluster_round (
    cluster_id text primary key references managed_cluster on delete cascade,
    look_again_at timestamptz not null default clock_timestamp(), status jsonb, rollout_policy jsonb)`,
  `create index cluster_round_due on cluster_round (look_again_at)`,
  `create table node_rollout (
    cluster_id text not null references managed_cluster on delete cascade, node_uid text not null, record jsonb not null,
    primary key (cluster_id, node_uid))`,
  `create table cluster_lease (
    cluster_id text primary key references managed_cluster on delete cascade,
    holder text not null, token bigint not null, expires_at timestamptz not null)`,
  // A counter of our own, bumped inside the transaction: sequences leave gaps and commit out of order.
  `create table history_counter (cluster_id text primary key, seq bigint not null)`,
  `create table history (
    cluster_id text not null, seq bigint not null, at timestamptz not null default clock_timestamp(), kind text not null, data jsonb not null,
    primary key (cluster_id, seq))`,
];
