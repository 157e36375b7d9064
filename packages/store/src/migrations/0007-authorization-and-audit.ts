import { sql, type Kysely } from "kysely";

/** Who may do what, where; and who did what, in chains that show when they were changed afterwards. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // Collation C: a range of texts finds what lies below a scope.
  `create table role_assignment (
    tenant_id text not null, id uuid not null,
    scope text collate "C" not null check (scope = lower(scope) and scope like '/subscriptions/%' and scope not like '%/'),
    display_scope text not null, principal_id text not null, principal_type text not null, role_id uuid not null, description text,
    created_by text not null, created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id), unique (tenant_id, principal_id, scope, role_id))`,
  `create index role_assignment_by_scope on role_assignment (tenant_id, scope)`,
  // A cluster or group that is made anew under an old name must not begin with the old one's rights.
  `create function forget_role_assignments() returns trigger language plpgsql as $$
    declare gone text collate "C";
    begin
      if tg_table_name = 'managed_cluster' then gone := old.id;
      else gone := '/subscriptions/' || old.subscription_id || '/resourcegroups/' || old.name; end if;
      delete from role_assignment where scope = gone or (scope > gone || '/' and scope < gone || '0');
      return old;
    end $$`,
  `create index role_assignment_of_scope on role_assignment (scope)`,
  `create trigger forget_role_assignments after delete on managed_cluster for each row execute function forget_role_assignments()`,
  `create trigger forget_role_assignments after delete on resource_group for each row execute function forget_role_assignments()`,
  `create table audit_chain (subscription_id text primary key, seq bigint not null, hash text not null)`,
  `create table audit (
    subscription_id text not null, seq bigint not null, at timestamptz not null, content text not null, hash text not null,
    primary key (subscription_id, seq))`,
  // Lock, hash and write in one call, so that a chain is locked from here to the commit and no longer. Unknown subscriptions have no chain:
  // anybody can name one. What is hashed is written down in verify-audit.ts too.
  `create function append_audit(chain text, event text) returns void language plpgsql as $$
    declare head audit_chain; moment timestamptz; digest text;
    begin
      if current_setting('hostrouting.trial', true) = 'on' then return; end if;
      if not exists (select from subscription where id = chain) then return; end if;
      insert into audit_chain values (chain, 0, repeat('0', 64)) on conflict do nothing;
      select * into head from audit_chain where subscription_id = chain for update;
      moment := date_trunc('milliseconds', clock_timestamp());
      digest := encode(sha256(convert_to(concat_ws(E'\\n', head.hash, chain, head.seq + 1,
        to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), event), 'UTF8')), 'hex');
      insert into audit values (chain, head.seq + 1, moment, event, digest);
      update audit_chain set seq = head.seq + 1, hash = digest where subscription_id = chain;
    end $$`,
  `create function audit_stays() returns trigger language plpgsql as $$
    begin raise exception 'audit is only ever added to: % of % is refused', tg_op, tg_table_name; end $$`,
  `create trigger audit_stays before update or delete or truncate on audit for each statement execute function audit_stays()`,
  `create trigger audit_stays before delete or truncate on audit_chain for each statement execute function audit_stays()`,
  `create function audit_chain_grows() returns trigger language plpgsql as $$
    begin
      if new.subscription_id <> old.subscription_id or new.seq <> old.seq + 1 then raise exception 'a chain of audit grows by one at a time'; end if;
      return new;
    end $$`,
  `create trigger audit_chain_grows before update on audit_chain for each row execute function audit_chain_grows()`,
];
