import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Deps } from "../deps.ts";
import { armError } from "./arm-error.ts";
import { locationsOf } from "./location-list.ts";
import { pathOf } from "./request-context.ts";
import { RESOURCE_TYPES, namespaceNamed, newestStable, type ResourceType } from "./resource-types.ts";

type Named = { readonly Params: { readonly namespace: string } };

function toType(type: ResourceType, locations: readonly string[]): Readonly<Record<string, unknown>> {
  const newest = newestStable(type.apiVersions);
  return {
    resourceType: type.type,
    locations: type.isLocated ? locations : [],
    apiVersions: type.apiVersions,
    ...(newest !== undefined && { defaultApiVersion: newest }),
    capabilities: type.capabilities,
  };
}

/** A provider as ARM shows it. Ours are part of this surface, so they are registered in every subscription, always. */
function toProvider(namespace: string, scope: string, locations: readonly string[]): Readonly<Record<string, unknown>> {
  return {
    id: `${scope}/providers/${namespace}`,
    namespace,
    registrationPolicy: namespace === "Microsoft.ContainerService" ? "RegistrationRequired" : "RegistrationFree",
    registrationState: "Registered",
    resourceTypes: RESOURCE_TYPES.filter((one) => one.namespace === namespace).map((one) => toType(one, locations)),
  };
}

const namespaces = [...new Set(RESOURCE_TYPES.map((one) => one.namespace))].toSorted();

/** @throws ArmError 404 `InvalidResourceNamespace`. */
function namespaceOf({ params }: FastifyRequest<Named>): string {
  const namespace = namespaceNamed(params.namespace);
  if (namespace !== undefined) return namespace;
  throw armError(404, "InvalidResourceNamespace", `The resource namespace '${params.namespace}' is invalid.`);
}

/** Resource providers with their types and versions; what `az resource` asks before everything else. Registering is always done already. */
export function providerRoutes(app: FastifyInstance, deps: Deps): void {
  const scopeOf = (request: FastifyRequest): string => `/subscriptions/${pathOf(request).subscriptionId.toLowerCase()}`;
  const one = async (request: FastifyRequest<Named>): Promise<unknown> =>
    toProvider(namespaceOf(request), scopeOf(request), await locationsOf(deps, pathOf(request).subscriptionId));
  app.get("/subscriptions/:sub/providers", async (request) => {
    const locations = await locationsOf(deps, pathOf(request).subscriptionId);
    return { value: namespaces.map((namespace) => toProvider(namespace, scopeOf(request), locations)) };
  });
  app.get<Named>("/subscriptions/:sub/providers/:namespace", one);
  app.post<Named>("/subscriptions/:sub/providers/:namespace/register", one);
  app.post<Named>("/subscriptions/:sub/providers/:namespace/unregister", one);
  app.get("/providers", async () => ({
    value: namespaces.map((namespace) => toProvider(namespace, "", [deps.settings.location])),
  }));
  app.get<Named>("/providers/:namespace", async (request) => toProvider(namespaceOf(request), "", [deps.settings.location]));
}
