import type { FastifyInstance } from "fastify";
import type { Subscription } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { armError } from "./arm-error.ts";
import { locationsOf, toLocationBody } from "./location-list.ts";
import type { Principal } from "./principal.ts";
import { principalOf } from "./request-context.ts";

/** ARM's own words for the states that resource providers are told; one that can only be read is `Disabled` to its owner. */
const SHOWN_STATES: Readonly<Record<string, string>> = { Registered: "Enabled", Warned: "Warned" };

function toSubscriptionBody(subscription: Subscription): Readonly<Record<string, unknown>> {
  return {
    id: `/subscriptions/${subscription.id}`,
    subscriptionId: subscription.id,
    tenantId: subscription.tenantId,
    displayName: subscription.displayName,
    state: SHOWN_STATES[subscription.state] ?? "Disabled",
    authorizationSource: "RoleBased",
    managedByTenants: [],
    subscriptionPolicies: { locationPlacementId: "Public_2014-09-01", quotaId: "PayAsYouGo_2014-09-01", spendingLimit: "Off" },
  };
}

/** ISO 3166 keeps this code free for "unknown": the directory's country is nowhere to be read. */
const COUNTRY_UNKNOWN = "ZZ";

/** The tenant of whoever asks. Its domain is that of the person's own name; an application's tenant has none that it tells. */
function toTenantBody({ tenantId, name }: Principal): Readonly<Record<string, unknown>> {
  const domain = name.split("@")[1] ?? `${tenantId}.invalid`;
  return {
    id: `/tenants/${tenantId}`,
    tenantId,
    displayName: domain,
    defaultDomain: domain,
    domains: [domain],
    tenantCategory: "Home",
    tenantType: "AAD",
    countryCode: COUNTRY_UNKNOWN,
  };
}

/** Tenants, subscriptions and their locations: what clients ask when they log in. */
export function directoryRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/tenants", async (request) => ({ value: [toTenantBody(principalOf(request))] }));
  app.get("/subscriptions", async (request) => {
    const { tenantId, objectId } = principalOf(request);
    const [subscriptions, shown] = await Promise.all([
      deps.store().directory.subscriptionsOf(tenantId),
      deps.store().roleAssignments.subscriptionsOf(tenantId, objectId),
    ]);
    return { value: subscriptions.filter(({ id }) => shown.includes(id)).map(toSubscriptionBody) };
  });
  app.get<{ Params: { sub: string } }>("/subscriptions/:sub", async (request) => {
    const subscription = await deps.store().directory.subscription(request.params.sub);
    if (subscription === undefined)
      throw armError(404, "SubscriptionNotFound", `The subscription '${request.params.sub}' could not be found.`);
    return toSubscriptionBody(subscription);
  });
  app.get<{ Params: { sub: string } }>("/subscriptions/:sub/locations", async (request) => {
    const subscriptionId = request.params.sub.toLowerCase();
    const locations = await locationsOf(deps, subscriptionId);
    return { value: locations.map((location) => toLocationBody(subscriptionId, location)) };
  });
}
