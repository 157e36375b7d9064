import { sql, type Kysely, type Transaction } from "kysely";
import { appendAudit, type AuditEntry } from "./audit.ts";
import { endRemovals } from "./group-removals.ts";
import { prepared } from "./prepared-statements.ts";
import type { Tables } from "./tables.ts";

/** ARM RPC's states of a subscription. */
export const subscriptionStates = ["Registered", "Unregistered", "Warned", "Suspended", "Deleted"] as const;
/** One of them. */
export type SubscriptionState = (typeof subscriptionStates)[number];

/** What ARM tells about a subscription, in any order and as often as it likes. */
export type SubscriptionNews = {
  readonly id: string;
  readonly state: SubscriptionState;
  /** ISO 8601: of two pieces of news the later one holds. */
  readonly registrationDate: string;
  /** Absent: as it is; a subscription that is not known needs one. */
  readonly tenantId: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
};

/** `Older`: something later was told before. `TenantMissing`: an unknown subscription of nobody. */
export type NewsOutcome = "Taken" | "Older" | "TenantMissing";

/** A subscription that is deleted while something of it is still there. */
export type DeletedSubscription = { readonly id: string; readonly tenantId: string };

/** A preview feature's state in a subscription. */
export type FeatureState = "Registered" | "NotRegistered";

/** The life of subscriptions, and the features that they have registered. */
export type SubscriptionStore = {
  tell(news: SubscriptionNews): Promise<NewsOutcome>;
  /** Deleted ones with clusters, resource groups or role assignments, by id. */
  deleted(limit: number): Promise<DeletedSubscription[]>;
  /**
   * Takes away what else there is of a deleted subscription: its resource groups with their deployments, features, and all rights in it. Audit, usage and
   * history stay.
   * @returns false, and nothing has happened, where clusters are left or where it is not deleted any more.
   */
  clear(subscriptionId: string): Promise<boolean>;
  /** By name in lower case; features that nobody ever registered are absent. */
  features(subscriptionId: string): Promise<Readonly<Record<string, FeatureState>>>;
  /** The audit is written in the same transaction. */
  setFeature(feature: { subscriptionId: string; name: string; state: FeatureState }, audit?: AuditEntry): Promise<void>;
};

async function clear(tx: Transaction<Tables>, id: string): Promise<boolean> {
  const subscription = await tx.selectFrom("subscription").select("state").where("id", "=", id).forUpdate().executeTakeFirst();
  if (subscription?.state !== "Deleted") return false;
  // Locked, so that none is made in a group that is about to go.
  await tx.selectFrom("resource_group").select("name").where("subscription_id", "=", id).forUpdate().execute();
  const cluster = await tx.selectFrom("managed_cluster").select("id").where("subscription_id", "=", id).limit(1).executeTakeFirst();
  if (cluster !== undefined) return false;
  const scope = `/subscriptions/${id}`;
  await tx.deleteFrom("resource_group").where("subscription_id", "=", id).execute();
  await tx
    .deleteFrom("role_assignment")
    .where(sql<boolean>`(scope = ${scope} or (scope > ${`${scope}/`} and scope < ${`${scope}0`}))`)
    .execute();
  await tx.deleteFrom("subscription_feature").where("subscription_id", "=", id).execute();
  await endRemovals(tx, { subscriptionId: id });
  return true;
}

/** Subscriptions on Postgres. */
export function subscriptionStore(db: Kysely<Tables>): SubscriptionStore {
  return {
    tell(news) {
      const id = news.id.toLowerCase();
      return db.transaction().execute(async (tx): Promise<NewsOutcome> => {
        const known = await tx.selectFrom("subscription").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
        const tenantId = news.tenantId?.toLowerCase() ?? known?.tenant_id;
        if (tenantId === undefined) return "TenantMissing";
        const values = {
          state: news.state,
          tenant_id: tenantId,
          registered_at: news.registrationDate,
          properties: JSON.stringify(news.properties),
        };
        // Judged once more by the statement itself: of two that are told at the same moment, one may have found nothing to lock.
        const written = await tx
          .insertInto("subscription")
          .values({ id, display_name: known?.display_name ?? `Subscription ${id}`, ...values })
          .onConflict((conflict) =>
            conflict
              .column("id")
              .doUpdateSet(values)
              .where(sql<boolean>`subscription.registered_at is null or subscription.registered_at <= excluded.registered_at`),
          )
          .returning("id")
          .executeTakeFirst();
        return written === undefined ? "Older" : "Taken";
      });
    },
    async deleted(limit) {
      const rows = await db
        .selectFrom("subscription")
        .modifyFront(prepared("deleted-subscriptions"))
        .select(["id", "tenant_id"])
        // Written out, so that the plan that is kept can go by the index of deleted ones.
        .where(sql<boolean>`state = 'Deleted'`)
        .where(
          sql<boolean>`(exists (select from resource_group g where g.subscription_id = subscription.id)
            or exists (select from role_assignment r where r.scope = '/subscriptions/' || subscription.id
              or (r.scope > '/subscriptions/' || subscription.id || '/' and r.scope < '/subscriptions/' || subscription.id || '0')))`,
        )
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map((row) => ({ id: row.id, tenantId: row.tenant_id }));
    },
    clear: (subscriptionId) => db.transaction().execute((tx) => clear(tx, subscriptionId.toLowerCase())),
    async features(subscriptionId) {
      const rows = await db
        .selectFrom("subscription_feature")
        .select(["name", "state"])
        .where("subscription_id", "=", subscriptionId.toLowerCase())
        .execute();
      return Object.fromEntries(rows.map((row) => [row.name, row.state]));
    },
    setFeature({ subscriptionId, name, state }, audit) {
      return db.transaction().execute(async (tx) => {
        await tx
          .insertInto("subscription_feature")
          .values({ subscription_id: subscriptionId.toLowerCase(), name: name.toLowerCase(), state })
          .onConflict((conflict) => conflict.columns(["subscription_id", "name"]).doUpdateSet({ state }))
          .execute();
        if (audit !== undefined) await appendAudit(tx, audit);
      });
    },
  };
}
