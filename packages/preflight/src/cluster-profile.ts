import type { AdvancedNetworking, AgentPool, ClusterProfile } from "@hostrouting/domain";

type Json = Readonly<Record<string, unknown>>;

const object = (value: unknown): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const lower = (value: unknown): string => text(value).toLowerCase();

/** One of a few words without regard to case, else the first: ARM enumerations are compared without case. */
function word<const T extends readonly [string, ...string[]]>(value: unknown, words: T): T[number] {
  return words.find((known) => known.toLowerCase() === lower(value)) ?? words[0];
}

/** As `word`, where a word that is not among them must not be taken for the default. */
function knownWord<const T extends readonly [string, ...string[]]>(value: unknown, words: T): T[number] | "Unknown" {
  if (value === undefined || value === null || value === "") return words[0];
  return words.find((known) => known.toLowerCase() === lower(value)) ?? "Unknown";
}

function advancedNetworking(value: unknown): AdvancedNetworking {
  const given = object(value);
  const enabled = given["enabled"] === true;
  const security = object(given["security"]);
  return {
    enabled,
    observability: { enabled: object(given["observability"])["enabled"] === true },
    security: {
      enabled: security["enabled"] === true,
      advancedNetworkPolicies: word(security["advancedNetworkPolicies"], ["None", "FQDN", "L7"]),
      transitEncryption: { type: word(object(security["transitEncryption"])["type"], ["None", "WireGuard"]) },
    },
    performance: { accelerationMode: word(object(given["performance"])["accelerationMode"], ["None", "BpfVeth"]) },
  };
}

/** A pool of scale sets has one size; one of single machines a list of sizes, each with its own scale. */
function vmSizes(given: Json): readonly string[] {
  const scale = object(object(given["virtualMachinesProfile"])["scale"]);
  const several = [...list(scale["manual"]), ...list(scale["autoscale"])].map((one) => text(object(one)["size"]));
  return [text(given["vmSize"]), ...several].filter(Boolean);
}

/** `state` is what became of `mode`; where AKS does not say it, a mode that asks for it counts. */
function localDns({ mode, state }: Json): boolean {
  return lower(state) === "" ? ["preferred", "required"].includes(lower(mode)) : lower(state) === "enabled";
}

function pool(value: unknown): AgentPool {
  const given = object(value);
  return {
    name: text(given["name"]),
    mode: word(given["mode"], ["User", "System", "Gateway"]),
    count: typeof given["count"] === "number" ? given["count"] : 0,
    osType: word(given["osType"], ["Linux", "Windows"]),
    osSku: text(given["osSKU"]),
    orchestratorVersion: text(given["currentOrchestratorVersion"]) || text(given["orchestratorVersion"]),
    vmSizes: vmSizes(given),
    workloadRuntime: text(given["workloadRuntime"]),
    autoscaling: given["enableAutoScaling"] === true,
    localDns: localDns(object(given["localDNSProfile"])),
  };
}

function serviceMesh(properties: Json): ClusterProfile["serviceMesh"] {
  const mode = lower(object(properties["serviceMeshProfile"])["mode"]);
  if (mode === "" || mode === "disabled") return "Disabled";
  return mode === "istio" ? "Istio" : "Unknown";
}

function cidrs(network: Json, plural: string, singular: string): readonly string[] {
  const several = list(network[plural]).map(text).filter(Boolean);
  if (several.length > 0) return several;
  const one = text(network[singular]);
  return one === "" ? [] : [one];
}

/**
 * Reads what host routing cares about from the `properties` of an ARM `Microsoft.ContainerService/managedClusters` resource.
 * Missing members become ARM's defaults or empty text; nothing throws, since the resource was validated when it was accepted.
 */
export function clusterProfile(properties: Readonly<Record<string, unknown>>): ClusterProfile {
  const network = object(properties["networkProfile"]);
  return {
    kubernetesVersion: text(properties["currentKubernetesVersion"]) || text(properties["kubernetesVersion"]),
    networkPlugin: lower(network["networkPlugin"]),
    networkPluginMode: lower(network["networkPluginMode"]),
    networkDataplane: lower(network["networkDataplane"]),
    podCidrs: cidrs(network, "podCidrs", "podCidr"),
    serviceCidrs: cidrs(network, "serviceCidrs", "serviceCidr"),
    advancedNetworking: advancedNetworking(network["advancedNetworking"]),
    staticEgressGateway: object(network["staticEgressGatewayProfile"])["enabled"] === true,
    serviceMesh: serviceMesh(properties),
    powerState: knownWord(object(properties["powerState"])["code"], ["Running", "Stopped"]),
    podLinkLocalAccess: knownWord(network["podLinkLocalAccess"], ["IMDS", "None"]),
    nodeDisruptionPolicy: knownWord(object(properties["nodeDisruptionProfile"])["nodeDisruptionPolicy"], [
      "Allow",
      "AllowDuringMaintenanceWindow",
      "Block",
    ]),
    nodeProvisioning: knownWord(object(properties["nodeProvisioningProfile"])["mode"], ["Manual", "Auto"]),
    pools: list(properties["agentPoolProfiles"]).map(pool),
  };
}

/** ARM `provisioningState` of each pool that states one, by pool name. */
export function poolStates(properties: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const states = list(properties["agentPoolProfiles"]).map((value) => [
    text(object(value)["name"]),
    text(object(value)["provisioningState"]),
  ]);
  return Object.fromEntries(states.filter(([, state]) => state !== ""));
}
