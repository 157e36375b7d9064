import type { ManagedCluster, Provider } from "@hostrouting/domain";
import { KUBERNETES_OF } from "../enablement/cluster-defaults.ts";
import type { JsonObject } from "../enablement/json-object.ts";
import { poolsOf } from "../enablement/decide-agent-pool.ts";
import { POOL_TYPE } from "./agent-pool-wire.ts";
import { CLUSTER_TYPE, clusterResourceId } from "./resource-ids.ts";

/** The first of these that is a text with something in it. */
function firstText(...values: readonly unknown[]): string {
  return values.find((value): value is string => typeof value === "string" && value !== "") ?? "";
}

/** A version is fixed when a cluster is made (fixed-members.ts): there is none that a request here could bring it to. */
const upgrades: readonly JsonObject[] = [];

function controlPlane({ properties }: ManagedCluster): JsonObject {
  const kubernetesVersion = firstText(properties["currentKubernetesVersion"], properties["kubernetesVersion"]);
  return { kubernetesVersion, osType: "Linux", upgrades };
}

function poolProfile(cluster: ManagedCluster, pool: JsonObject): JsonObject {
  const kubernetesVersion = firstText(
    pool["currentOrchestratorVersion"],
    pool["orchestratorVersion"],
    controlPlane(cluster)["kubernetesVersion"],
  );
  return { kubernetesVersion, osType: firstText(pool["osType"], "Linux"), upgrades };
}

/** `upgradeProfiles/default` of a cluster: what it runs, and that nothing else can be asked for. */
export function toUpgradeProfile(cluster: ManagedCluster): JsonObject {
  const agentPoolProfiles = poolsOf(cluster).map((pool) => ({ name: pool["name"], ...poolProfile(cluster, pool) }));
  return {
    id: `${clusterResourceId(cluster)}/upgradeProfiles/default`,
    name: "default",
    type: `${CLUSTER_TYPE}/upgradeProfiles`,
    properties: { controlPlaneProfile: controlPlane(cluster), agentPoolProfiles },
  };
}

/** `upgradeProfiles/default` of one pool. No node image is named as the newest: nobody here knows it. */
export function toPoolUpgradeProfile(cluster: ManagedCluster, pool: JsonObject): JsonObject {
  return {
    id: `${clusterResourceId(cluster)}/agentPools/${String(pool["name"])}/upgradeProfiles/default`,
    name: "default",
    type: `${POOL_TYPE}/upgradeProfiles`,
    properties: poolProfile(cluster, pool),
  };
}

/**
 * What a new pool of a cluster can have: the version of the cluster, which is what it gets.
 * @param isMade whether a provider makes the cluster; of one that was registered nobody here makes pools.
 */
export function toAvailablePoolVersions(cluster: ManagedCluster, isMade: boolean): JsonObject {
  const kubernetesVersion = firstText(cluster.properties["kubernetesVersion"], cluster.properties["currentKubernetesVersion"]);
  return {
    id: `${clusterResourceId(cluster)}/availableAgentPoolVersions`,
    name: "default",
    type: `${CLUSTER_TYPE}/availableAgentPoolVersions`,
    properties: { agentPoolVersions: isMade ? [{ default: true, kubernetesVersion, isPreview: false }] : [] },
  };
}

/**
 * What clusters can be made with, in the shape of AKS.
 * @param providers those of this installation; the first makes what is new.
 */
export function toKubernetesVersions([provider]: readonly Provider[]): JsonObject {
  const made = provider === undefined ? undefined : KUBERNETES_OF[provider];
  if (made === undefined) return { values: [] };
  const patchVersions = Object.fromEntries(made.patches.map((patch) => [patch, { upgrades: [] }]));
  const capabilities = { supportPlan: ["KubernetesOfficial"] };
  return { values: [{ version: made.version, isDefault: true, isPreview: false, capabilities, patchVersions }] };
}
