import { sql, type Kysely } from "kysely";
import { readScope, toSubscription, type ScopeAddress, type ScopeFacts } from "./scope-facts.ts";
import type { Tables } from "./tables.ts";

/** A subscription and the tenant that it belongs to. */
export type Subscription = { readonly id: string; readonly tenantId: string; readonly displayName: string; readonly state: string };
/** A resource group; `displayName` keeps its creator's casing. */
export type ResourceGroup = { readonly subscriptionId: string; readonly displayName: string; readonly location: string };
/** A group as requests into it find it: one that is going takes nothing new. */
export type KnownResourceGroup = ResourceGroup & { readonly isBeingDeleted: boolean };

/** Subscriptions and resource groups: who may be spoken of at all. Names are compared without case. */
export type DirectoryStore = {
  subscription(id: string): Promise<Subscription | undefined>;
  /** All subscriptions of a tenant but deleted ones, by id. */
  subscriptionsOf(tenantId: string): Promise<Subscription[]>;
  /** What decides whether a request may speak of an address, in one round trip. */
  scope(address: ScopeAddress): Promise<ScopeFacts>;
  /** Makes it known, or renews it. One whose life ARM has told of stays as it was told. */
  registerSubscription(subscription: Subscription): Promise<void>;
  registerResourceGroup(group: ResourceGroup): Promise<void>;
};

/** The directory on Postgres. */
export function directoryStore(db: Kysely<Tables>): DirectoryStore {
  return {
    async subscription(id) {
      const row = await db.selectFrom("subscription").selectAll().where("id", "=", id.toLowerCase()).executeTakeFirst();
      return row && toSubscription(row);
    },
    async subscriptionsOf(tenantId) {
      const rows = await db
        .selectFrom("subscription")
        .selectAll()
        .where("tenant_id", "=", tenantId)
        .where("state", "!=", "Deleted")
        .orderBy("id")
        .execute();
      return rows.map(toSubscription);
    },
    scope: (address) => readScope(db, address),
    async registerSubscription(subscription) {
      const row = { tenant_id: subscription.tenantId, display_name: subscription.displayName, state: subscription.state };
      await db
        .insertInto("subscription")
        .values({ id: subscription.id.toLowerCase(), ...row })
        .onConflict((conflict) =>
          conflict
            .column("id")
            .doUpdateSet(row)
            .where(sql<boolean>`subscription.registered_at is null`),
        )
        .execute();
    },
    async registerResourceGroup(group) {
      const row = { display_name: group.displayName, location: group.location };
      await db
        .insertInto("resource_group")
        .values({ subscription_id: group.subscriptionId.toLowerCase(), name: group.displayName.toLowerCase(), ...row })
        .onConflict((conflict) => conflict.columns(["subscription_id", "name"]).doUpdateSet(row))
        .execute();
    },
  };
}
