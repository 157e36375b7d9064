import type { Grant } from "@hostrouting/domain";
import { sql, type Kysely, type RawBuilder, type Selectable } from "kysely";
import type { KnownResourceGroup, Subscription } from "./directory.ts";
import { isBeingDeleted } from "./group-removals.ts";
import { prepared } from "./prepared-statements.ts";
import { placed, type GrantQuestion } from "./role-assignments.ts";
import type { Tables } from "./tables.ts";

/** Where a request speaks. Names are compared without case. */
export type ScopeAddress = {
  readonly subscriptionId: string;
  /** Absent: the group is not asked for. */
  readonly resourceGroup: string | undefined;
  /** Absent: no grants are asked for. */
  readonly grants: GrantQuestion | undefined;
};

/** What there is of an address, all of the same moment. */
export type ScopeFacts = {
  readonly subscription: Subscription | undefined;
  readonly group: KnownResourceGroup | undefined;
  readonly grants: readonly Grant[];
};

type SubscriptionRow = Pick<Selectable<Tables["subscription"]>, "id" | "tenant_id" | "display_name" | "state">;

type Row = {
  readonly subscription: SubscriptionRow | null;
  readonly group:
    | (Pick<Selectable<Tables["resource_group"]>, "subscription_id" | "display_name" | "location"> & { isBeingDeleted: boolean })
    | null;
  readonly grants: Grant[] | null;
};

/** Maps a row to a subscription. */
export function toSubscription(row: SubscriptionRow): Subscription {
  return { id: row.id, tenantId: row.tenant_id, displayName: row.display_name, state: row.state };
}

const NOTHING = sql<null>`null::json`;

function groupOf({ subscriptionId, resourceGroup }: ScopeAddress): RawBuilder<Row["group"]> {
  if (resourceGroup === undefined) return NOTHING;
  return sql`(select row_to_json(g) from (select subscription_id, display_name, location, ${isBeingDeleted}
    from resource_group where subscription_id = ${subscriptionId.toLowerCase()} and name = ${resourceGroup.toLowerCase()}) g)`;
}

function grantsOf({ grants }: ScopeAddress): RawBuilder<Row["grants"]> {
  if (grants === undefined) return NOTHING;
  return sql`(select json_agg(json_build_object('scope', scope, 'roleId', role_id)) from role_assignment
    where tenant_id = ${grants.tenantId} and principal_id = ${grants.principalId} and ${placed(grants)})`;
}

/** Each has a text of its own. */
function shapeOf({ resourceGroup, grants }: ScopeAddress): string {
  const below = grants?.below === true ? "-below" : "";
  return `scope${resourceGroup === undefined ? "" : "-group"}${grants === undefined ? "" : "-grants"}${below}`;
}

/** Reads what decides whether a request may speak of an address, in one statement: every request asks for it, and waits for each round trip. */
export async function readScope(db: Kysely<Tables>, address: ScopeAddress): Promise<ScopeFacts> {
  const { rows } = await sql<Row>`${prepared(shapeOf(address))} select
    (select row_to_json(s) from (select id, tenant_id, display_name, state from subscription
      where id = ${address.subscriptionId.toLowerCase()}) s) as subscription,
    ${groupOf(address)} as "group", ${grantsOf(address)} as grants`.execute(db);
  const { subscription = null, group = null, grants = null } = rows[0] ?? {};
  return {
    subscription: subscription === null ? undefined : toSubscription(subscription),
    group:
      group === null
        ? undefined
        : {
            subscriptionId: group.subscription_id,
            displayName: group.display_name,
            location: group.location,
            isBeingDeleted: group.isBeingDeleted,
          },
    grants: grants ?? [],
  };
}
