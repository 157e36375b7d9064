/**
 * Every resource type that this surface answers to, with the api-versions that it takes: what `GET …/providers/…` shows and what requests are held
 * to are one table.
 */

/** A type of a provider. `apiVersions` are newest first: az takes the first that is no preview. */
export type ResourceType = {
  readonly namespace: string;
  /** Without the namespace; children after a slash. */
  readonly type: string;
  readonly apiVersions: readonly string[];
  /** As ARM words them: what its own requests may do with resources of this type. */
  readonly capabilities: string;
  /** Whether resources of this type live in a location. */
  readonly isLocated: boolean;
  /** Takes every well-formed version: clients replay such addresses untouched, whatever version they were made with. */
  readonly takesAnyVersion?: true;
};

/** Versions that know of acceleration, newest first. */
const ACCELERATED = ["2026-07-01", "2026-06-01", "2026-04-02-preview", "2026-04-01", "2026-03-02-preview"] as const;
/** Versions of a managed cluster: those, and the last one that does not. */
export const CLUSTER_API_VERSIONS = [...ACCELERATED, "2025-10-01"] as const;

/** What Resource Manager's own API takes: versions that az 2.91 and the SDKs for JavaScript, Python, .NET and Go have sent since 2016. */
export const RESOURCES_API_VERSIONS = [
  "2025-04-01",
  "2025-03-01",
  "2024-11-01",
  "2024-07-01",
  "2024-03-01",
  "2023-07-01",
  "2022-09-01",
  "2022-06-01",
  "2021-04-01",
  "2021-01-01",
  "2020-10-01",
  "2020-06-01",
  "2019-10-01",
  "2019-07-01",
  "2019-05-01",
  "2018-05-01",
  "2018-02-01",
  "2017-05-10",
  "2016-09-01",
  "2016-06-01",
  "2016-02-01",
] as const;
/** Deployments have left Resource Manager's package of the SDK for JavaScript, and have versions of their own since. */
const DEPLOYMENTS_API_VERSIONS = ["2026-06-01", ...RESOURCES_API_VERSIONS];
/** Tenants, subscriptions and their locations. */
export const SUBSCRIPTIONS_API_VERSIONS = [
  "2022-12-01",
  "2022-09-01",
  "2021-10-01",
  "2021-01-01",
  "2020-01-01",
  "2019-11-01",
  "2019-06-01",
  "2018-06-01",
  "2016-06-01",
] as const;
const ROLE_API_VERSIONS = [
  "2022-05-01-preview",
  "2022-04-01",
  "2020-10-01-preview",
  "2020-04-01-preview",
  "2018-01-01-preview",
  "2015-07-01",
];
/** SDKs of .NET and Go ask for permissions and operations with one more. */
const PERMISSION_API_VERSIONS = [...ROLE_API_VERSIONS.slice(0, -2), "2018-07-01", ...ROLE_API_VERSIONS.slice(-2)];
const FEATURES_API_VERSIONS = ["2021-07-01", "2015-12-01"];

const aks = (type: string, more: Partial<ResourceType> = {}): ResourceType => ({
  namespace: "Microsoft.ContainerService",
  type,
  apiVersions: CLUSTER_API_VERSIONS,
  capabilities: "None",
  isLocated: true,
  ...more,
});
const arm = (namespace: string, type: string, apiVersions: readonly string[]): ResourceType => ({
  namespace,
  type,
  apiVersions,
  capabilities: "None",
  isLocated: false,
});

/** The table. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  aks("managedClusters", { capabilities: "CrossResourceGroupResourceMove, SupportsTags, SupportsLocation" }),
  aks("managedClusters/agentPools"),
  aks("managedClusters/maintenanceConfigurations"),
  aks("managedClusters/hostRoutings", { apiVersions: ACCELERATED }),
  aks("locations", { takesAnyVersion: true }),
  aks("locations/operations", { takesAnyVersion: true }),
  aks("locations/operationresults", { takesAnyVersion: true }),
  aks("locations/kubernetesVersions"),
  aks("operations", { isLocated: false }),
  aks("auditEvents", { isLocated: false, apiVersions: ACCELERATED }),
  arm("Microsoft.Resources", "tenants", SUBSCRIPTIONS_API_VERSIONS),
  arm("Microsoft.Resources", "subscriptions", SUBSCRIPTIONS_API_VERSIONS),
  arm("Microsoft.Resources", "subscriptions/locations", SUBSCRIPTIONS_API_VERSIONS),
  arm("Microsoft.Resources", "subscriptions/resourceGroups", RESOURCES_API_VERSIONS),
  arm("Microsoft.Resources", "resourceGroups", RESOURCES_API_VERSIONS),
  { ...arm("Microsoft.Resources", "subscriptions/operationresults", RESOURCES_API_VERSIONS), takesAnyVersion: true },
  arm("Microsoft.Resources", "providers", RESOURCES_API_VERSIONS),
  arm("Microsoft.Resources", "resources", RESOURCES_API_VERSIONS),
  arm("Microsoft.Resources", "deployments", DEPLOYMENTS_API_VERSIONS),
  arm("Microsoft.Resources", "deployments/operations", DEPLOYMENTS_API_VERSIONS),
  arm("Microsoft.Authorization", "roleAssignments", ROLE_API_VERSIONS),
  arm("Microsoft.Authorization", "roleDefinitions", ROLE_API_VERSIONS),
  arm("Microsoft.Authorization", "permissions", PERMISSION_API_VERSIONS),
  arm("Microsoft.Authorization", "providerOperations", PERMISSION_API_VERSIONS),
  arm("Microsoft.Features", "features", FEATURES_API_VERSIONS),
  arm("Microsoft.Features", "providers", FEATURES_API_VERSIONS),
];

/** The provider's name in its display casing, if there is such a one. */
export function namespaceNamed(name: string): string | undefined {
  return RESOURCE_TYPES.find((one) => one.namespace.toLowerCase() === name.toLowerCase())?.namespace;
}

/**
 * The type that an address speaks of: the longest known one that `type` begins with, since actions and collections stand where types do.
 * @param type in any letter case, like `managedClusters/abort`.
 */
export function resourceTypeOf(namespace: string, type: string): ResourceType | undefined {
  const parts = type.toLowerCase().split("/");
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join("/");
    const found = RESOURCE_TYPES.find((one) => one.type.toLowerCase() === name && one.namespace.toLowerCase() === namespace.toLowerCase());
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The newest version that is no preview, for a type that has one. */
export function newestStable(apiVersions: readonly string[]): string | undefined {
  return apiVersions.find((version) => /^\d{4}-\d{2}-\d{2}$/.test(version));
}
