import { as, ownerRole, scopesAbove, type ClusterId, type Grant, type Instant } from "@hostrouting/domain";
import { sql, type ExpressionBuilder, type Kysely, type RawBuilder, type Selectable, type Transaction } from "kysely";
import { appendAudit, type AuditEntry } from "./audit.ts";
import type { Tables } from "./tables.ts";

/** An assignment to be made. Ids are GUIDs. */
export type NewRoleAssignment = {
  readonly tenantId: string;
  /** The name of the assignment, of the client's choosing; of one kind in its tenant. */
  readonly id: string;
  /** Resource id in the casing that is shown; no slash at its end. */
  readonly displayScope: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly roleId: string;
  readonly description: string | undefined;
  /** Object id of whoever makes it. */
  readonly createdBy: string;
};

/** Somebody's role at a scope and below. */
export type RoleAssignment = NewRoleAssignment & {
  /** `displayScope` in lower case: what is compared. */
  readonly scope: string;
  readonly createdAt: Instant;
  /** Object id of whoever changed its description last, and when; absent where nobody has. */
  readonly updated: { readonly by: string; readonly at: Instant } | undefined;
};

/** Whose grants, and where: at a scope (lower case), above it, and with `below` everywhere under it too. */
export type GrantQuestion = { readonly tenantId: string; readonly principalId: string; readonly scope: string; readonly below: boolean };

/**
 * What came of making one: `Same` was there before, and `Updated` with another description; `Taken`: its name is another one's; `Double`: another name
 * says the same; `ScopeGone`: there is no such cluster or group, or its subscription is deleted.
 */
export type Assigned =
  | { readonly kind: "Created" | "Updated" | "Same"; readonly assignment: RoleAssignment }
  | { readonly kind: "Taken" | "Double" | "ScopeGone" };

/** Who may do what, where. */
export type RoleAssignmentStore = {
  grants(question: GrantQuestion): Promise<Grant[]>;
  /** Subscriptions at or below which somebody has any role, by id. */
  subscriptionsOf(tenantId: string, principalId: string): Promise<string[]>;
  get(tenantId: string, id: string): Promise<RoleAssignment | undefined>;
  /** At a scope and above it, and with `below` under it too; by scope and id. */
  list(question: Omit<GrantQuestion, "principalId"> & { readonly principalId: string | undefined }): Promise<RoleAssignment[]>;
  create(assignment: NewRoleAssignment, audit: AuditEntry | undefined): Promise<Assigned>;
  /** `LastOwner`: nobody else has the role Owner at that subscription, so it stays. */
  remove(assignment: RoleAssignment, audit: AuditEntry | undefined): Promise<"Removed" | "Absent" | "LastOwner">;
};

function toAssignment(row: Selectable<Tables["role_assignment"]>): RoleAssignment {
  return {
    tenantId: row.tenant_id,
    id: row.id,
    scope: row.scope,
    displayScope: row.display_scope,
    principalId: row.principal_id,
    principalType: row.principal_type,
    roleId: row.role_id,
    description: row.description ?? undefined,
    createdBy: row.created_by,
    createdAt: as<Instant>(row.created_at.getTime()),
    updated: row.updated_at === null ? undefined : { by: row.updated_by ?? "", at: as<Instant>(row.updated_at.getTime()) },
  };
}

/** What rows of `role_assignment` are compared with: the scope and all above it, and what all below it lies between. */
export type Bounds = { readonly scopes: readonly string[]; readonly after: string; readonly before: string };

/** The bounds of a scope. `0` is the character after `/`. */
export function boundsOf(scope: string): Bounds {
  return { scopes: scopesAbove(scope), after: `${scope}/`, before: `${scope}0` };
}

/** Of a row of `role_assignment`: at a scope, above it, and below where asked for. */
export function placed({ scopes, after, before }: Bounds, below: boolean): RawBuilder<boolean> {
  const above = sql<boolean>`scope = any(${scopes}::text[])`;
  return below ? sql<boolean>`(${above} or (scope > ${after} and scope < ${before}))` : above;
}

async function insert(tx: Transaction<Tables>, given: NewRoleAssignment): Promise<RoleAssignment | undefined> {
  const row = await tx
    .insertInto("role_assignment")
    .values({
      tenant_id: given.tenantId,
      id: given.id,
      scope: given.displayScope.toLowerCase(),
      display_scope: given.displayScope,
      principal_id: given.principalId,
      principal_type: given.principalType,
      role_id: given.roleId,
      description: given.description ?? null,
      created_by: given.createdBy,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return row && toAssignment(row);
}

/** Of a cluster's id, cut at slashes. */
const CLUSTER_SEGMENTS = 9;

const CLUSTERS = "microsoft.containerservice/managedclusters";

/** The row that a scope lies at: a cluster's also for its children, and a group's for everything else in it. */
function rowAt(tx: Transaction<Tables>, scope: string) {
  const [, , subscriptionId = "", , group, , namespace, type, cluster] = scope.split("/");
  const one = sql<number>`1`.as("one");
  if (cluster !== undefined && `${namespace}/${type}` === CLUSTERS) {
    const id = as<ClusterId>(scope.split("/").slice(0, CLUSTER_SEGMENTS).join("/"));
    return tx.selectFrom("managed_cluster").select(one).where("id", "=", id);
  }
  if (group !== undefined)
    return tx.selectFrom("resource_group").select(one).where("subscription_id", "=", subscriptionId).where("name", "=", group);
  return tx.selectFrom("subscription").select(one).where("id", "=", subscriptionId).where("state", "!=", "Deleted");
}

/**
 * Whether what a scope lies at is there; it cannot go before the transaction ends. Otherwise a right that is given while a cluster goes could be
 * written just after its rights were taken away, and the next cluster of that name would begin with it.
 */
async function isHeld(tx: Transaction<Tables>, scope: string): Promise<boolean> {
  return (await rowAt(tx, scope).forKeyShare().executeTakeFirst()) !== undefined;
}

const isSame = (one: RoleAssignment, other: NewRoleAssignment): boolean =>
  one.scope === other.displayScope.toLowerCase() && one.principalId === other.principalId && one.roleId === other.roleId;

async function read(db: Kysely<Tables>, tenantId: string, id: string): Promise<RoleAssignment | undefined> {
  const row = await db.selectFrom("role_assignment").selectAll().where("tenant_id", "=", tenantId).where("id", "=", id).executeTakeFirst();
  return row && toAssignment(row);
}

/** What becomes of an assignment whose name, or whose content, is there already: only the description may be another one. */
async function meet(tx: Transaction<Tables>, given: NewRoleAssignment): Promise<Assigned> {
  const named = (eb: ExpressionBuilder<Tables, "role_assignment">) => eb.and({ tenant_id: given.tenantId, id: given.id });
  const row = await tx.selectFrom("role_assignment").selectAll().where(named).forNoKeyUpdate().executeTakeFirst();
  if (row === undefined) return { kind: "Double" };
  const found = toAssignment(row);
  if (!isSame(found, given)) return { kind: "Taken" };
  if (found.description === given.description) return { kind: "Same", assignment: found };
  const updated = await tx
    .updateTable("role_assignment")
    .set({ description: given.description ?? null, updated_by: given.createdBy, updated_at: sql`clock_timestamp()` })
    .where(named)
    .returningAll()
    .executeTakeFirstOrThrow();
  return { kind: "Updated", assignment: toAssignment(updated) };
}

/** Whether somebody else is Owner of a subscription. Its row is locked, so that two cannot go at once, each seeing the other. */
async function hasOtherOwner(tx: Transaction<Tables>, assignment: RoleAssignment): Promise<boolean> {
  const subscriptionId = assignment.scope.split("/")[2] ?? "";
  await tx.selectFrom("subscription").select("id").where("id", "=", subscriptionId).forNoKeyUpdate().executeTakeFirst();
  const other = await tx
    .selectFrom("role_assignment")
    .select("id")
    .where("tenant_id", "=", assignment.tenantId)
    .where("scope", "=", assignment.scope)
    .where("role_id", "=", ownerRole.id)
    .where("principal_id", "!=", assignment.principalId)
    .limit(1)
    .executeTakeFirst();
  return other !== undefined;
}

const isOwnerOfSubscription = ({ scope, roleId }: RoleAssignment): boolean => roleId === ownerRole.id && scope.split("/").length === 3;

/** Role assignments on Postgres. */
export function roleAssignmentStore(db: Kysely<Tables>): RoleAssignmentStore {
  return {
    async grants(question) {
      const rows = await db
        .selectFrom("role_assignment")
        .select(["scope", "role_id"])
        .where("tenant_id", "=", question.tenantId)
        .where("principal_id", "=", question.principalId)
        .where(placed(boundsOf(question.scope), question.below))
        .execute();
      return rows.map((row) => ({ scope: row.scope, roleId: row.role_id }));
    },
    async subscriptionsOf(tenantId, principalId) {
      const rows = await db
        .selectFrom("role_assignment")
        .select(sql<string>`split_part(scope, '/', 3)`.as("subscription_id"))
        .distinct()
        .where("tenant_id", "=", tenantId)
        .where("principal_id", "=", principalId)
        .execute();
      return rows.map((row) => row.subscription_id);
    },
    get: (tenantId, id) => read(db, tenantId, id),
    async list(question) {
      let query = db
        .selectFrom("role_assignment")
        .selectAll()
        .where("tenant_id", "=", question.tenantId)
        .where(placed(boundsOf(question.scope), question.below));
      if (question.principalId !== undefined) query = query.where("principal_id", "=", question.principalId);
      return (await query.orderBy("scope").orderBy("id").execute()).map(toAssignment);
    },
    create(given, audit) {
      return db.transaction().execute(async (tx): Promise<Assigned> => {
        if (!(await isHeld(tx, given.displayScope.toLowerCase()))) return { kind: "ScopeGone" };
        const created = await insert(tx, given);
        const outcome: Assigned = created === undefined ? await meet(tx, given) : { kind: "Created", assignment: created };
        if (audit !== undefined && (outcome.kind === "Created" || outcome.kind === "Updated")) await appendAudit(tx, audit);
        return outcome;
      });
    },
    remove(assignment, audit) {
      return db.transaction().execute(async (tx) => {
        if (isOwnerOfSubscription(assignment) && !(await hasOtherOwner(tx, assignment))) return "LastOwner";
        const { numDeletedRows } = await tx
          .deleteFrom("role_assignment")
          .where("tenant_id", "=", assignment.tenantId)
          .where("id", "=", assignment.id)
          .executeTakeFirst();
        if (numDeletedRows === 0n) return "Absent";
        if (audit !== undefined) await appendAudit(tx, audit);
        return "Removed";
      });
    },
  };
}
