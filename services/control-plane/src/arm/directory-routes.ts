import type { FastifyInstance } from "fastify";
import type { Subscription } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { armError } from "./arm-error.ts";
import { principalOf } from "./request-context.ts";
import { CLUSTER_API_VERSIONS } from "./resource-types.ts";
import { PROVIDER } from "./resource-ids.ts";

function toSubscriptionBody(subscription: Subscription): Readonly<Record<string, unknown>> {
  return {
    id: `/subscriptions/${subscription.id}`,
    subscriptionId: subscription.id,
    tenantId: subscription.tenantId,
    displayName: subscription.displayName,
    state: subscription.state === "Registered" ? "Enabled" : subscription.state,
    authorizationSource: "RoleBased",
    managedByTenants: [],
    subscriptionPolicies: { locationPlacementId: "Public_2014-09-01", quotaId: "PayAsYouGo_2014-09-01", spendingLimit: "Off" },
  };
}

/** Newest stable version first: az takes the first that is no preview. */
function toProviderBody(subscriptionId: string): Readonly<Record<string, unknown>> {
  const types = [
    { resourceType: "managedClusters", capabilities: "SupportsTags, SupportsLocation" },
    { resourceType: "managedClusters/hostRoutings", capabilities: "None" },
    { resourceType: "locations/operations", capabilities: "None" },
    { resourceType: "locations/operationresults", capabilities: "None" },
  ];
  return {
    id: `/subscriptions/${subscriptionId}/providers/${PROVIDER}`,
    namespace: PROVIDER,
    registrationState: "Registered",
    resourceTypes: types.map((type) => ({ ...type, locations: [], apiVersions: CLUSTER_API_VERSIONS })),
  };
}

/** Tenants, subscriptions and our provider: what clients ask when they log in and before they speak of resources. */
export function directoryRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/tenants", async (request) => {
    const { tenantId } = principalOf(request);
    return { value: [{ id: `/tenants/${tenantId}`, tenantId, displayName: "Directory", tenantCategory: "Home" }] };
  });
  app.get("/subscriptions", async (request) => {
    const subscriptions = await deps.store().directory.subscriptionsOf(principalOf(request).tenantId);
    return { value: subscriptions.map(toSubscriptionBody) };
  });
  app.get<{ Params: { sub: string } }>("/subscriptions/:sub", async (request) => {
    const subscription = await deps.store().directory.subscription(request.params.sub);
    if (subscription === undefined)
      throw armError(404, "SubscriptionNotFound", `The subscription '${request.params.sub}' could not be found.`);
    return toSubscriptionBody(subscription);
  });
  app.get<{ Params: { sub: string } }>(`/subscriptions/:sub/providers/${PROVIDER}`, async (request) =>
    toProviderBody(request.params.sub.toLowerCase()),
  );
}
