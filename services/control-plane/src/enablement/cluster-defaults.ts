import type { ManagedClusterRequest } from "@hostrouting/contracts";
import type { Provider } from "@hostrouting/domain";
import type { ArmFault } from "../arm/arm-error.ts";
import { locationKey, type ClusterPath } from "../arm/resource-ids.ts";
import { asJsonObject, isJsonObject, type JsonObject } from "./json-object.ts";
import { mergeManagedCluster, type ClusterSettings } from "./merge-managed-cluster.ts";

/** A minor version of Kubernetes, and the patches of it that there are. */
export type KubernetesRelease = { readonly version: string; readonly patches: readonly string[] };

/** What a provider can make; absent: it makes none. The lab's own is held to this by `infra/lab-provider/cluster-wish.test.ts`. */
export const KUBERNETES_OF: Readonly<Partial<Record<Provider, KubernetesRelease>>> = { lab: { version: "1.36", patches: ["1.36.3"] } };

/** AKS' own defaults for a cluster of which nothing is said. */
const NETWORK = {
  networkPlugin: "azure",
  networkPluginMode: "overlay",
  networkDataplane: "azure",
  loadBalancerSku: "standard",
  outboundType: "loadBalancer",
  ipFamilies: ["IPv4"],
} as const;
const RANGES = { podCidr: "10.244.0.0/16", serviceCidr: "10.0.0.0/16", dnsServiceIP: "10.0.0.10" } as const;
const POOL = {
  count: 1,
  vmSize: "Standard_D2s_v5",
  osType: "Linux",
  osSKU: "Ubuntu",
  mode: "User",
  type: "VirtualMachineScaleSets",
} as const;
/** What AKS says of every cluster; az compares it before an upgrade, and ends in a fault where it is missing. */
const AGENT_POOLS_MAX = 100;
const DNS_PREFIX_MAX = 54;
const GROUP_MAX = 80;

/** Given members over defaults; null, empty text and absent ones stand for the default (az sends `""`). */
function over(defaults: JsonObject, given: JsonObject): JsonObject {
  return {
    ...defaults,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== "")),
  };
}

/** A pool with everything that AKS would fill in. */
export function withPoolDefaults(pool: JsonObject, kubernetesVersion: string): JsonObject {
  return over({ ...POOL, orchestratorVersion: kubernetesVersion }, pool);
}

function network(given: JsonObject): JsonObject {
  const whole = over({ ...NETWORK, ...RANGES }, given);
  const list = (name: string, single: string): JsonObject => ({ [name]: Array.isArray(given[name]) ? given[name] : [whole[single]] });
  return { ...whole, ...list("podCidrs", "podCidr"), ...list("serviceCidrs", "serviceCidr") };
}

/** The settings of a cluster that is to be made, with what the request leaves out filled in as AKS fills it in. Pure. */
export function newClusterSettings(request: ManagedClusterRequest, path: ClusterPath, provider: Provider): ClusterSettings {
  const given = asJsonObject(request.properties);
  const plain = path.name.toLowerCase().replaceAll("_", "-");
  const kubernetesVersion =
    typeof given["kubernetesVersion"] === "string" && given["kubernetesVersion"] !== ""
      ? given["kubernetesVersion"]
      : (KUBERNETES_OF[provider]?.version ?? "");
  const pools: readonly unknown[] = Array.isArray(given["agentPoolProfiles"]) ? given["agentPoolProfiles"] : [];
  const defaults = {
    dnsPrefix: plain.slice(0, DNS_PREFIX_MAX),
    nodeResourceGroup: `MC_${path.resourceGroup}_${path.name}_${locationKey(request.location ?? "")}`.slice(0, GROUP_MAX),
    enableRBAC: true,
    servicePrincipalProfile: { clientId: "msi" },
  };
  const properties = {
    ...over(defaults, given),
    maxAgentPools: AGENT_POOLS_MAX,
    kubernetesVersion,
    networkProfile: network(asJsonObject(given["networkProfile"])),
    agentPoolProfiles: pools.map((pool) => withPoolDefaults(asJsonObject(pool), kubernetesVersion)),
  };
  const envelope = {
    sku: isJsonObject(request.sku) ? request.sku : { name: "Base", tier: "Free" },
    identity: isJsonObject(request.identity) ? request.identity : { type: "SystemAssigned" },
  };
  const { sku: _sku, identity: _identity, ...rest } = request;
  return mergeManagedCluster(
    { tags: {}, envelope, properties: {} },
    { ...rest, properties: properties as unknown as NonNullable<ManagedClusterRequest["properties"]> },
  );
}

/** What a provider cannot make. */
export function unmakeableFaults(properties: JsonObject, provider: Provider): readonly ArmFault[] {
  const made = KUBERNETES_OF[provider];
  const version = String(properties["kubernetesVersion"]);
  const makeable = made === undefined ? [] : [made.version, ...made.patches];
  if (makeable.includes(version)) return [];
  const message = `Kubernetes ${version} is not available here; clusters are made with ${makeable.join(" or ")}.`;
  return [{ code: "K8sVersionNotSupported", message, target: "kubernetesVersion" }];
}
