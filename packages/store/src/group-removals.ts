import type { OperationError } from "@hostrouting/domain";
import { sql, type Kysely, type Transaction } from "kysely";
import { appendAudit, type AuditEntry } from "./audit.ts";
import { prepared } from "./prepared-statements.ts";
import type { Tables } from "./tables.ts";

/** In whose name a group goes, with all that is in it. */
export type GroupRemover = {
  readonly tenantId: string;
  readonly objectId: string;
  readonly name: string;
  readonly type: "User" | "Application";
};

/** A removal that was asked for. */
export type NewGroupRemoval = {
  /** A UUID. */
  readonly id: string;
  readonly subscriptionId: string;
  /** The group's, in any case. */
  readonly name: string;
  readonly by: GroupRemover;
  readonly correlationId: string;
};

/** A removal as its address shows it. `name`: the group's, in lower case. */
export type GroupRemoval = {
  readonly subscriptionId: string;
  readonly name: string;
  readonly by: GroupRemover;
  readonly state: "Running" | "Succeeded" | "Failed";
  /** There when it failed. */
  readonly error: OperationError | undefined;
};

/** A group that is going, as the first of those who asked for it wants it. */
export type OpenRemoval = NewGroupRemoval & {
  /** Milliseconds since 1970, by the database's clock. */
  readonly startedAt: number;
};

/** Removals of resource groups. A group has several open ones when several asked: they end together. */
export type GroupRemovalStore = {
  /** From here on nothing new comes into the group. `Absent`: there is none. The audit is written in the same transaction. */
  begin(removal: NewGroupRemoval, audit?: AuditEntry): Promise<"Begun" | "Absent">;
  /** For seven days after its end. */
  get(id: string): Promise<GroupRemoval | undefined>;
  /** One for each group that is going, the oldest first. */
  open(limit: number): Promise<OpenRemoval[]>;
  /** Removes the group where nothing is in it any more, which ends its removals well; false where clusters are left. */
  finish(subscriptionId: string, name: string): Promise<boolean>;
  /** Ends the removals of a group, which stays. */
  fail(subscriptionId: string, name: string, error: OperationError): Promise<void>;
};

/** Of a row of `resource_group`. */
export const isBeingDeleted = sql<boolean>`exists (select from group_removal r
  where r.subscription_id = resource_group.subscription_id and r.name = resource_group.name and r.ended_at is null)`.as("isBeingDeleted");

/** As long as operations are kept. */
const KEPT_DAYS = 7;

type Which = { readonly subscriptionId: string; readonly name?: string };

/** Ends what is open of a group, or of all groups of a subscription; well, where there is no error. */
export async function endRemovals(db: Kysely<Tables>, { subscriptionId, name }: Which, error?: OperationError): Promise<void> {
  let ended = db
    .updateTable("group_removal")
    .set({ ended_at: sql`clock_timestamp()`, error: error === undefined ? null : JSON.stringify(error) })
    .where("subscription_id", "=", subscriptionId.toLowerCase())
    .where("ended_at", "is", null);
  if (name !== undefined) ended = ended.where("name", "=", name.toLowerCase());
  await ended.execute();
}

function lockGroup(tx: Transaction<Tables>, subscriptionId: string, name: string) {
  return tx
    .selectFrom("resource_group")
    .select(["subscription_id", "name"])
    .where("subscription_id", "=", subscriptionId.toLowerCase())
    .where("name", "=", name.toLowerCase())
    .forUpdate()
    .executeTakeFirst();
}

async function begin(tx: Transaction<Tables>, removal: NewGroupRemoval, audit: AuditEntry | undefined): Promise<"Begun" | "Absent"> {
  const group = await lockGroup(tx, removal.subscriptionId, removal.name);
  if (group === undefined) return "Absent";
  await tx
    .deleteFrom("group_removal")
    .where(sql<boolean>`ended_at < clock_timestamp() - ${KEPT_DAYS} * interval '1 day'`)
    .execute();
  await tx
    .insertInto("group_removal")
    .values({ id: removal.id, ...group, principal: JSON.stringify(removal.by), correlation_id: removal.correlationId })
    .execute();
  if (audit !== undefined) await appendAudit(tx, audit);
  return "Begun";
}

async function finish(tx: Transaction<Tables>, subscriptionId: string, name: string): Promise<boolean> {
  const group = await lockGroup(tx, subscriptionId, name);
  if (group !== undefined) {
    const cluster = await tx
      .selectFrom("managed_cluster")
      .select("id")
      .where("subscription_id", "=", group.subscription_id)
      .where("resource_group_key", "=", group.name)
      .limit(1)
      .executeTakeFirst();
    if (cluster !== undefined) return false;
    await tx.deleteFrom("resource_group").where("subscription_id", "=", group.subscription_id).where("name", "=", group.name).execute();
  }
  await endRemovals(tx, { subscriptionId, name });
  return true;
}

/** Removals of resource groups on Postgres. */
export function groupRemovalStore(db: Kysely<Tables>): GroupRemovalStore {
  return {
    begin: (removal, audit) => db.transaction().execute((tx) => begin(tx, removal, audit)),
    async get(id) {
      const row = await db
        .selectFrom("group_removal")
        .selectAll()
        .where("id", "=", id)
        .where(sql<boolean>`(ended_at is null or ended_at > clock_timestamp() - ${KEPT_DAYS} * interval '1 day')`)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const state = row.ended_at === null ? "Running" : row.error === null ? "Succeeded" : "Failed";
      return { subscriptionId: row.subscription_id, name: row.name, by: row.principal, state, error: row.error ?? undefined };
    },
    async open(limit) {
      const rows = await db
        .selectFrom("group_removal")
        .distinctOn(["subscription_id", "name"])
        .modifyFront(prepared("open-removals"))
        .select(["id", "subscription_id", "name", "principal", "correlation_id", "started_at"])
        .where("ended_at", "is", null)
        .orderBy("subscription_id")
        .orderBy("name")
        .orderBy("started_at")
        .limit(limit)
        .execute();
      return rows
        .map((row) => ({
          id: row.id,
          subscriptionId: row.subscription_id,
          name: row.name,
          by: row.principal,
          correlationId: row.correlation_id,
          startedAt: row.started_at.getTime(),
        }))
        .toSorted((a, b) => a.startedAt - b.startedAt);
    },
    finish: (subscriptionId, name) => db.transaction().execute((tx) => finish(tx, subscriptionId, name)),
    fail: (subscriptionId, name, error) => endRemovals(db, { subscriptionId, name }, error),
  };
}
