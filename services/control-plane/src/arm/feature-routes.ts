import type { FastifyInstance, FastifyRequest } from "fastify";
import type { FeatureState } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { armError } from "./arm-error.ts";
import { auditEntry } from "./audit-hook.ts";
import { pathOf } from "./request-context.ts";
import { PROVIDER } from "./resource-ids.ts";

/**
 * Preview features that clients know of. Both are open to everybody since 2026-04-01: registering is kept and shown, and nothing depends on it.
 */
const FEATURES = ["AdvancedNetworkingPerformancePreview", "AdvancedNetworkingPreview"] as const;

type Named = { readonly Params: { readonly namespace: string; readonly feature: string } };

function toBody(subscriptionId: string, feature: string, state: FeatureState): Readonly<Record<string, unknown>> {
  return {
    id: `/subscriptions/${subscriptionId}/providers/Microsoft.Features/providers/${PROVIDER}/features/${feature}`,
    name: `${PROVIDER}/${feature}`,
    type: "Microsoft.Features/providers/features",
    properties: { state },
  };
}

function checkNamespace({ params }: FastifyRequest<{ Params: { namespace: string } }>): void {
  if (params.namespace.toLowerCase() !== PROVIDER.toLowerCase())
    throw armError(404, "InvalidResourceNamespace", `The resource namespace '${params.namespace}' has no features here.`);
}

/** @throws ArmError 404 `FeatureNotFound`. */
function featureOf(request: FastifyRequest<Named>): string {
  checkNamespace(request);
  const { feature } = request.params;
  const known = FEATURES.find((one) => one.toLowerCase() === feature.toLowerCase());
  if (known !== undefined) return known;
  throw armError(404, "FeatureNotFound", `The feature '${feature}' could not be found. There are ${FEATURES.join(", ")}.`);
}

const scopeOf = (request: FastifyRequest): string => pathOf(request).subscriptionId.toLowerCase();

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const states = await deps.store().subscriptions.features(scopeOf(request));
  return { value: FEATURES.map((feature) => toBody(scopeOf(request), feature, states[feature.toLowerCase()] ?? "NotRegistered")) };
}

async function register(deps: Deps, request: FastifyRequest<Named>, state: FeatureState): Promise<unknown> {
  const feature = featureOf(request);
  await deps.store().subscriptions.setFeature({ subscriptionId: scopeOf(request), name: feature, state }, auditEntry(request));
  request.arm.isAudited = true;
  return toBody(scopeOf(request), feature, state);
}

/** Preview features of our provider in a subscription: list, get, register, unregister. */
export function featureRoutes(app: FastifyInstance, deps: Deps): void {
  const all = "/subscriptions/:sub/providers/Microsoft.Features";
  const one = `${all}/providers/:namespace/features/:feature`;
  app.get(`${all}/features`, (request) => list(deps, request));
  app.get<{ Params: { namespace: string } }>(`${all}/providers/:namespace/features`, async (request) => {
    checkNamespace(request);
    return list(deps, request);
  });
  app.get<Named>(one, async (request) => {
    const feature = featureOf(request);
    const states = await deps.store().subscriptions.features(scopeOf(request));
    return toBody(scopeOf(request), feature, states[feature.toLowerCase()] ?? "NotRegistered");
  });
  app.post<Named>(`${one}/register`, (request) => register(deps, request, "Registered"));
  app.post<Named>(`${one}/unregister`, (request) => register(deps, request, "NotRegistered"));
}
