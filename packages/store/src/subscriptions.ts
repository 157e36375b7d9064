import { sql, type Kysely } from "kysely";
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

/** A preview feature's state in a subscription. */
export type FeatureState = "Registered" | "NotRegistered";

/** The life of subscriptions, and the features that they have registered. */
export type SubscriptionStore = {
  tell(news: SubscriptionNews): Promise<NewsOutcome>;
  /** By name in lower case; features that nobody ever registered are absent. */
  features(subscriptionId: string): Promise<Readonly<Record<string, FeatureState>>>;
  setFeature(subscriptionId: string, name: string, state: FeatureState): Promise<void>;
};

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
    async features(subscriptionId) {
      const rows = await db
        .selectFrom("subscription_feature")
        .select(["name", "state"])
        .where("subscription_id", "=", subscriptionId.toLowerCase())
        .execute();
      return Object.fromEntries(rows.map((row) => [row.name, row.state]));
    },
    async setFeature(subscriptionId, name, state) {
      await db
        .insertInto("subscription_feature")
        .values({ subscription_id: subscriptionId.toLowerCase(), name: name.toLowerCase(), state })
        .onConflict((conflict) => conflict.columns(["subscription_id", "name"]).doUpdateSet({ state }))
        .execute();
    },
  };
}
