import { sql, type Kysely } from "kysely";

/** For how long which node was enabled, and what was charged for it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // Neither goes with its cluster: what was used is charged after that too.
  `create table usage_interval (
    cluster_id text not null, node_uid text not null, boot_id text not null, pool text not null,
    opened_at timestamptz not null, charged_until timestamptz not null, closed_at timestamptz,
    primary key (cluster_id, node_uid, opened_at))`,
  // A node is counted once at a time: the database refuses a second, whatever the code believes.
  `create unique index usage_interval_one_open on usage_interval (cluster_id, node_uid) where closed_at is null`,
  `create table usage_charge (
    cluster_id text not null, node_uid text not null, opened_at timestamptz not null, day date not null,
    is_correction boolean not null, pool text not null, ms bigint not null check ((ms < 0) = is_correction),
    primary key (cluster_id, day, node_uid, opened_at, is_correction))`,
  `create function usage_charge_stays() returns trigger language plpgsql as $$
    begin raise exception 'a charge never changes: write a correction'; end $$`,
  `create trigger usage_charge_stays before update or delete on usage_charge for each row execute function usage_charge_stays()`,
  `alter table cluster_round add column usage_seen_at timestamptz`,
];
