import type { DeploymentScope } from "@hostrouting/template";
import type { Aggregates } from "@hostrouting/store";
import type { ClusterPath } from "../arm/resource-ids.ts";
import { groupNotFound } from "../arm/subscription-scope.ts";

/** What `environment()` tells of this cloud. */
function environment(base: string): DeploymentScope["environment"] {
  return {
    name: "HostRouting",
    resourceManager: base,
    portal: base,
    authentication: { loginEndpoint: base, audiences: [`${base}/`], tenant: "common", identityProvider: "AAD" },
    suffixes: { storage: "invalid", keyvaultDns: "invalid", acrLoginServer: "invalid", sqlServerHostname: "invalid" },
  };
}

/** Where a deployment runs. @throws ArmError 404 when group or subscription went away since the request was let in. */
export async function deploymentScope(
  store: Pick<Aggregates, "directory" | "resourceGroups">,
  { subscriptionId, resourceGroup }: Omit<ClusterPath, "name">,
  publicUrl: string,
): Promise<DeploymentScope> {
  const [subscription, group] = await Promise.all([
    store.directory.subscription(subscriptionId),
    store.resourceGroups.get(subscriptionId, resourceGroup),
  ]);
  if (subscription === undefined || group === undefined) throw groupNotFound(resourceGroup);
  return {
    tenantId: subscription.tenantId,
    subscriptionId: subscription.id,
    subscriptionName: subscription.displayName,
    resourceGroup: { name: group.displayName, location: group.location, tags: group.tags },
    environment: environment(publicUrl),
  };
}
