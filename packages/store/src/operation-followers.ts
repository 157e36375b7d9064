import type { OperationId } from "@hostrouting/domain";
import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Somebody, as a token names them. */
export type Follower = { readonly tenantId: string; readonly objectId: string };

/** Who may follow an operation beside whoever started it: whom a reply has sent there, since what they asked for is what it does. */
export type OperationFollowerStore = {
  /** Once more is nothing new. */
  add(id: OperationId, who: Follower): Promise<void>;
  has(id: OperationId, who: Follower): Promise<boolean>;
};

/** Followers on Postgres; they go with their operation. */
export function operationFollowerStore(db: Kysely<Tables>): OperationFollowerStore {
  return {
    async add(id, { tenantId, objectId }) {
      await db
        .insertInto("operation_follower")
        .values({ operation_id: id, tenant_id: tenantId, object_id: objectId })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async has(id, { tenantId, objectId }) {
      const row = await db
        .selectFrom("operation_follower")
        .select("operation_id")
        .where("operation_id", "=", id)
        .where("tenant_id", "=", tenantId)
        .where("object_id", "=", objectId)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}
