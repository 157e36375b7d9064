import type { FastifyInstance } from "fastify";
import type { Deps } from "../deps.ts";
import { poolAt } from "./agent-pool-routes.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { CLUSTER_TYPE, PROVIDER } from "./resource-ids.ts";
import { toAvailablePoolVersions, toKubernetesVersions, toPoolUpgradeProfile, toUpgradeProfile } from "./upgrade-wire.ts";

/** `az aks get-versions`, `get-upgrades` and `nodepool get-upgrades`, and what SDKs ask before they add a pool. */
export function upgradeRoutes(app: FastifyInstance, deps: Deps): void {
  const cluster = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name`;
  app.get(`/subscriptions/:sub/providers/${PROVIDER}/locations/:loc/kubernetesVersions`, async () =>
    toKubernetesVersions(deps.settings.providers),
  );
  app.get(`${cluster}/upgradeProfiles/default`, async (request) => toUpgradeProfile(await findCluster(deps, request)));
  app.get(`${cluster}/availableAgentPoolVersions`, async (request) => {
    const found = await findCluster(deps, request);
    return toAvailablePoolVersions(found, (await deps.store().provisioning.get(found.id)) !== undefined);
  });
  app.get(`${cluster}/agentPools/:pool/upgradeProfiles/default`, async (request) => {
    const found = await findCluster(deps, request);
    return toPoolUpgradeProfile(found, poolAt(request, found));
  });
}
