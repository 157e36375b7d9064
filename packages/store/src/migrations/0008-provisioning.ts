import { sql, type Kysely } from "kysely";

/** Clusters that a provider makes, changes and removes; and operations that outlive their cluster. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table provisioning (
    cluster_id text primary key references managed_cluster on delete cascade,
    provider text not null, phase text not null check (phase in ('Pending', 'Settled', 'Stopped')),
    present boolean not null, wanted bigint not null, done bigint not null default 0,
    attempts integer not null default 0, said text not null default '', facts jsonb,
    holder text, token bigint not null default 0, expires_at timestamptz,
    look_again_at timestamptz not null default clock_timestamp(),
    check ((holder is null) = (expires_at is null)))`,
  `create index provisioning_due on provisioning (provider, look_again_at) where phase <> 'Stopped'`,
  // Who follows a deletion reads its operation when the cluster is gone: what an operation is about is kept with it.
  `alter table operation drop constraint operation_cluster_id_fkey`,
  `alter table operation add column resource jsonb`,
  `alter table operation disable trigger operation_stays_ended`,
  `update operation set resource = jsonb_build_object(
    'subscriptionId', c.subscription_id, 'resourceGroup', c.resource_group, 'name', c.name, 'location', c.location)
    from managed_cluster c where c.id = operation.cluster_id`,
  `alter table operation enable trigger operation_stays_ended`,
  `alter table operation alter column resource set not null`,
  // A worker whose cluster has gone finds that out under its lease; and tokens grow on if a cluster of this name is made again.
  `alter table cluster_lease drop constraint cluster_lease_cluster_id_fkey`,
];
