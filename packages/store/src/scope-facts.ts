import { as, type ClusterId, type Grant, type ManagedCluster } from "@hostrouting/domain";
import { sql, type Kysely, type RawBuilder, type Selectable } from "kysely";
import { clusterJson, toManagedCluster, type ClusterRow } from "./cluster-row.ts";
import type { KnownResourceGroup, Subscription } from "./directory.ts";
import { isBeingDeleted } from "./group-removals.ts";
import { statement, type Statement } from "./prepared-statements.ts";
import { boundsOf, placed, type Bounds, type GrantQuestion } from "./role-assignments.ts";
import type { Tables } from "./tables.ts";

/** Where a request speaks. Names are compared without case. */
export type ScopeAddress = {
  readonly subscriptionId: string;
  /** Absent: the group is not asked for. */
  readonly resourceGroup: string | undefined;
  /** Absent: no grants are asked for. */
  readonly grants: GrantQuestion | undefined;
  /** The cluster that is to be shown to whoever may see it. Absent: none is asked for. */
  readonly cluster?: ClusterId | undefined;
};

/** What there is of an address, all of the same moment. */
export type ScopeFacts = {
  readonly subscription: Subscription | undefined;
  readonly group: KnownResourceGroup | undefined;
  readonly grants: readonly Grant[];
  readonly cluster: ManagedCluster | undefined;
};

type SubscriptionRow = Pick<Selectable<Tables["subscription"]>, "id" | "tenant_id" | "display_name" | "state">;

type Row = {
  readonly subscription: SubscriptionRow | null;
  readonly group:
    | (Pick<Selectable<Tables["resource_group"]>, "subscription_id" | "display_name" | "location"> & { isBeingDeleted: boolean })
    | null;
  readonly grants: Grant[] | null;
  readonly cluster: ClusterRow | null;
};

/** Maps a row to a subscription. */
export function toSubscription(row: SubscriptionRow): Subscription {
  return { id: row.id, tenantId: row.tenant_id, displayName: row.display_name, state: row.state };
}

/** What the statement is sent with; what is not asked for stands in none of its places. */
type Values = Bounds & {
  readonly subscriptionId: string;
  readonly group: string;
  readonly tenantId: string;
  readonly principalId: string;
  readonly cluster: ClusterId;
};

/** Which of them are asked for. */
type Shape = Readonly<Record<"group" | "grants" | "below" | "cluster", boolean>>;

const NOTHING = sql<null>`null::json`;

const groupAt = ({ subscriptionId, group }: Values): RawBuilder<Row["group"]> =>
  sql`(select row_to_json(g) from (select subscription_id, display_name, location, ${isBeingDeleted}
    from resource_group where subscription_id = ${subscriptionId} and name = ${group}) g)`;

const grantsAt = (places: Values, below: boolean): RawBuilder<Row["grants"]> =>
  sql`(select json_agg(json_build_object('scope', scope, 'roleId', role_id)) from role_assignment
    where tenant_id = ${places.tenantId} and principal_id = ${places.principalId} and ${placed(places, below)})`;

const statementOf = (name: string, { group, grants, below, cluster }: Shape): Statement<Values, Row> =>
  statement(
    name,
    (places) => sql<Row>`select
      (select row_to_json(s) from (select id, tenant_id, display_name, state from subscription
        where id = ${places.subscriptionId}) s) as subscription,
      ${group ? groupAt(places) : NOTHING} as "group",
      ${grants ? grantsAt(places, below) : NOTHING} as grants,
      ${cluster ? clusterJson(places.cluster) : NOTHING} as cluster`,
  );

/** Each shape has a text of its own; there are twelve. */
const statements = new Map<string, Statement<Values, Row>>();

function statementFor({ resourceGroup, grants, cluster }: ScopeAddress): Statement<Values, Row> {
  const shape = {
    group: resourceGroup !== undefined,
    grants: grants !== undefined,
    below: grants?.below === true,
    cluster: cluster !== undefined,
  };
  const name = `scope${shape.group ? "-group" : ""}${shape.grants ? "-grants" : ""}${shape.below ? "-below" : ""}${shape.cluster ? "-cluster" : ""}`;
  const known = statements.get(name) ?? statementOf(name, shape);
  statements.set(name, known);
  return known;
}

/** Reads what decides whether a request may speak of an address, in one statement: every request asks for it, and waits for each round trip. */
export async function readScope(db: Kysely<Tables>, address: ScopeAddress): Promise<ScopeFacts> {
  const { subscriptionId, resourceGroup = "", grants: asked } = address;
  const [row] = await statementFor(address)(db, {
    subscriptionId: subscriptionId.toLowerCase(),
    group: resourceGroup.toLowerCase(),
    tenantId: asked?.tenantId ?? "",
    principalId: asked?.principalId ?? "",
    ...boundsOf(asked?.scope ?? ""),
    cluster: address.cluster ?? as<ClusterId>(""),
  });
  const { subscription = null, group = null, grants = null, cluster = null } = row ?? {};
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
    cluster: cluster === null ? undefined : toManagedCluster(cluster),
  };
}
