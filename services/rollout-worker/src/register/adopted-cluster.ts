import path from "node:path";
import { as, type ClusterId, type Driver, type ManagedCluster } from "@hostrouting/domain";

/** What an operator says of a cluster that is there already. */
export type Registration = {
  readonly provider: "azure" | "kubeconfig";
  readonly driver: Driver;
  readonly tenantId: string;
  /** Azure: the settings file; else the kubeconfig. */
  readonly accessReference: string;
  /** File with the ARM resource as JSON; for Azure there is none, since it is read there. */
  readonly resourceFile: string | undefined;
};

type Words = Readonly<Record<string, string | boolean | undefined>>;

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** AKS reimages only what AKS manages; our own ways work wherever there is an API server. */
const DRIVERS: Readonly<Record<Registration["provider"], readonly string[]>> = {
  azure: ["aks-arm", "cilium", "bundle"],
  kubeconfig: ["cilium", "bundle"],
};

/** The registration that the words of a command ask for, or everything that is wrong with them. Pure. */
export function registrationOf(words: Words): Registration | readonly string[] {
  const text = (name: string): string => (typeof words[name] === "string" ? words[name] : "");
  const provider = text("provider");
  if (provider !== "azure" && provider !== "kubeconfig") return ["--provider must be azure or kubeconfig"];
  const [driver, tenantId, accessReference, resourceFile] = ["driver", "tenant", "access", "resource"].map(text);
  const wrong = [
    ...(DRIVERS[provider].includes(driver ?? "") ? [] : [`--driver must be ${DRIVERS[provider].join(" or ")} for provider ${provider}`]),
    ...(GUID.test(tenantId ?? "") ? [] : ["--tenant must be a GUID"]),
    ...(path.isAbsolute(accessReference ?? "") ? [] : ["--access must be an absolute path"]),
    ...(provider === "azure" && resourceFile !== "" ? ["--resource is read from Azure, and not given"] : []),
    ...(provider === "kubeconfig" && resourceFile === "" ? ["--resource must name the file with the ARM resource"] : []),
  ];
  if (wrong.length > 0) return wrong;
  return {
    provider,
    driver: driver as Driver,
    tenantId: tenantId ?? "",
    accessReference: accessReference ?? "",
    resourceFile: resourceFile === "" ? undefined : resourceFile,
  };
}

type Json = Readonly<Record<string, unknown>>;

const asJson = (value: unknown): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {});
const asText = (value: unknown): string => (typeof value === "string" ? value : "");
const ID =
  /^\/subscriptions\/([0-9a-f-]{36})\/resourceGroups\/([^/]{1,90})\/providers\/Microsoft\.ContainerService\/managedClusters\/([^/]{1,63})$/i;
/** Members beside `properties` that are kept and handed back. */
const ENVELOPE = ["sku", "identity", "kind", "extendedLocation", "zones"];

function modeOf(properties: Json): ManagedCluster["desiredMode"] {
  const acns = asJson(asJson(properties["networkProfile"])["advancedNetworking"]);
  return asJson(acns["performance"])["accelerationMode"] === "BpfVeth" ? "BpfVeth" : "None";
}

/** The cluster as it is kept, from its ARM resource, or everything that is wrong with that. `now`: ISO 8601, UTC. Pure. */
export function adoptedCluster(
  resource: unknown,
  { provider, driver, accessReference }: Registration,
  { now, etag }: { readonly now: string; readonly etag: string },
): ManagedCluster | readonly string[] {
  const given = asJson(resource);
  const properties = asJson(given["properties"]);
  const [, subscriptionId = "", resourceGroup = "", name = ""] = ID.exec(asText(given["id"])) ?? [];
  const mode = modeOf(properties);
  const wrong = [
    ...(name === "" ? ["id must be that of a managed cluster (/subscriptions/…/managedClusters/…)"] : []),
    ...(asText(given["location"]) === "" ? ["location is missing"] : []),
    ...(Array.isArray(properties["agentPoolProfiles"])
      ? []
      : ["properties.agentPoolProfiles is missing (is it the ARM resource, as `az rest` shows it?)"]),
    ...(asText(properties["provisioningState"] ?? "Succeeded") === "Succeeded"
      ? []
      : ["properties.provisioningState must be Succeeded: wait, or mend it first"]),
    // What others have switched on would be told as ours, and switched off by no agent of ours.
    ...(mode === "BpfVeth" && driver !== "aks-arm" ? [`the mode is BpfVeth already, which driver ${driver} has not brought about`] : []),
  ];
  if (wrong.length > 0) return wrong;
  const by = {
    createdBy: "register",
    createdByType: "Application",
    lastModifiedBy: "register",
    lastModifiedByType: "Application",
  } as const;
  return {
    id: as<ClusterId>(asText(given["id"]).toLowerCase()),
    ...{ subscriptionId, resourceGroup, name, location: asText(given["location"]) },
    tags: Object.fromEntries(Object.entries(asJson(given["tags"])).map(([key, value]) => [key, asText(value)])),
    envelope: Object.fromEntries(ENVELOPE.filter((member) => given[member] !== undefined).map((member) => [member, given[member]])),
    properties,
    desiredMode: mode,
    generation: 1,
    etag,
    provisioningState: "Succeeded",
    activeOperationId: undefined,
    ...{ provider, driver, accessReference },
    systemData: { ...by, createdAt: now, lastModifiedAt: now },
  };
}
