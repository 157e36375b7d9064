import { sql, type Kysely, type Selectable } from "kysely";
import { appendAudit, type AuditEntry } from "./audit.ts";
import { isBeingDeleted } from "./group-removals.ts";
import type { Tables } from "./tables.ts";

/** A resource group as ARM shows it. `displayName` keeps its creator's casing; `tags` are replaced as a whole. */
export type FullResourceGroup = {
  readonly subscriptionId: string;
  readonly displayName: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly managedBy: string | undefined;
  /** There when it is going, with all that is in it. */
  readonly isBeingDeleted?: boolean;
};

/** A change of a group that was read: writes, or refuses by answering without `group`. */
export type GroupDecision<R> = { readonly group?: FullResourceGroup; readonly result: R };

/** Resource groups of a subscription; names are compared without case. */
export type ResourceGroupStore = {
  get(subscriptionId: string, name: string): Promise<FullResourceGroup | undefined>;
  /** By name in lower case; `after` is that of the last one of the page before; `names`, when given: only these (lower case). */
  list(filter: {
    subscriptionId: string;
    names?: readonly string[];
    tag?: { name: string; value?: string };
    after?: string;
    limit: number;
  }): Promise<FullResourceGroup[]>;
  /**
   * Shows the group as it is, under lock, to `decide`, which may run more than once where two make it at the same moment. The audit is written in the
   * transaction of the change, and not at all where there is none.
   */
  change<R>(
    key: { subscriptionId: string; name: string },
    decide: (group: FullResourceGroup | undefined) => GroupDecision<R>,
    audit?: AuditEntry,
  ): Promise<R>;
  /** Locations that groups and clusters of a subscription are in, in order. */
  locations(subscriptionId: string): Promise<string[]>;
};

function toGroup(row: Selectable<Tables["resource_group"]> & { isBeingDeleted: boolean }): FullResourceGroup {
  return {
    subscriptionId: row.subscription_id,
    displayName: row.display_name,
    location: row.location,
    tags: row.tags,
    managedBy: row.managed_by ?? undefined,
    ...(row.isBeingDeleted && { isBeingDeleted: true }),
  };
}

type GroupKey = { readonly subscriptionId: string; readonly name: string };

const one = (on: Kysely<Tables>, { subscriptionId, name }: GroupKey) =>
  on
    .selectFrom("resource_group")
    .selectAll()
    .select(isBeingDeleted)
    .where("subscription_id", "=", subscriptionId.toLowerCase())
    .where("name", "=", name.toLowerCase());

async function changeGroup<R>(
  tx: Kysely<Tables>,
  key: GroupKey,
  decide: (group: FullResourceGroup | undefined) => GroupDecision<R>,
): Promise<GroupDecision<R>> {
  const row = await one(tx, key).forUpdate().executeTakeFirst();
  const decision = decide(row && toGroup(row));
  const { group } = decision;
  if (group === undefined) return decision;
  const values = {
    display_name: group.displayName,
    location: group.location,
    tags: JSON.stringify(group.tags),
    managed_by: group.managedBy ?? null,
  };
  // An insert that finds one made meanwhile fails as a lost race, and the caller decides anew.
  if (row === undefined)
    await tx
      .insertInto("resource_group")
      .values({ subscription_id: key.subscriptionId.toLowerCase(), name: key.name.toLowerCase(), ...values })
      .execute();
  else
    await tx
      .updateTable("resource_group")
      .set(values)
      .where("subscription_id", "=", row.subscription_id)
      .where("name", "=", row.name)
      .execute();
  return decision;
}

/** Resource groups on Postgres. */
export function resourceGroupStore(db: Kysely<Tables>): ResourceGroupStore {
  return {
    async get(subscriptionId, name) {
      const row = await one(db, { subscriptionId, name }).executeTakeFirst();
      return row && toGroup(row);
    },
    async list({ subscriptionId, names, tag, after, limit }) {
      let query = db
        .selectFrom("resource_group")
        .selectAll()
        .select(isBeingDeleted)
        .where("subscription_id", "=", subscriptionId.toLowerCase());
      if (after !== undefined) query = query.where("name", ">", after);
      if (names !== undefined) query = query.where(sql<boolean>`name = any(${names}::text[])`);
      if (tag !== undefined)
        query = query.where(
          sql<boolean>`exists (select 1 from jsonb_each_text(tags) t where lower(t.key) = ${tag.name.toLowerCase()}
            and (${tag.value ?? null}::text is null or t.value = ${tag.value ?? null}))`,
        );
      return (await query.orderBy("name").limit(limit).execute()).map(toGroup);
    },
    change: (key, decide, audit) =>
      db.transaction().execute(async (tx) => {
        const { group, result } = await changeGroup(tx, key, decide);
        // Last, since it holds the chain until the commit.
        if (group !== undefined && audit !== undefined) await appendAudit(tx, audit);
        return result;
      }),
    async locations(subscriptionId) {
      const id = subscriptionId.toLowerCase();
      const rows = await db
        .selectFrom("resource_group")
        .select("location")
        .where("subscription_id", "=", id)
        .union(db.selectFrom("managed_cluster").select("location").where("subscription_id", "=", id))
        .orderBy("location")
        .execute();
      return rows.map((row) => row.location);
    },
  };
}
