/** What an address speaks of: the scope that it stands in, and the type of what it names. */
export type ArmAddress = {
  /** `Open`: no step of the pipeline but ids, headers and errors (probes, metadata, token requests). `Unknown`: nothing that ARM has. */
  readonly kind: "Open" | "Provider" | "ResourceManager" | "Unknown";
  readonly subscriptionId: string | undefined;
  readonly resourceGroup: string | undefined;
  /** Whether the address is the resource group itself and nothing in it. */
  readonly isGroupItself: boolean;
  /** As it was written; `Microsoft.Resources` for what Resource Manager has without a provider. */
  readonly namespace: string;
  /** As it was written, without names: `managedClusters/abort`. Empty where a provider is named and nothing of it. */
  readonly type: string;
  /** The part after `locations/`. */
  readonly location: string | undefined;
};

const OPEN = /^\/(healthz|readyz|metadata\/endpoints)$/;
const AUTHORITY = /^\/(common|[^/]+\/(oauth2|v2\.0|discovery))(\/|$)/;
const RESOURCES = "Microsoft.Resources";
/** What Resource Manager has in a subscription or group without a provider; deployments' operations have this odd address in az. */
const OWN_TYPES = new Set(["locations", "providers", "resources", "deployments", "operationresults", "tagnames"]);

function decoded(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Every other part from the first: `managedClusters/x/abort` is of type `managedClusters/abort`. */
function typeIn(parts: readonly string[]): string {
  return parts.filter((_, index) => index % 2 === 0).join("/");
}

type Named = Pick<ArmAddress, "kind" | "namespace" | "type">;

/** Where a provider begins: names stand at odd places, and may be `providers` too. */
export function isProvidersAt(part: string, index: number): boolean {
  return index % 2 === 0 && part.toLowerCase() === "providers";
}

/** @param parts from the first `providers` on. */
function inProvider(parts: readonly string[]): Named {
  // Features stand below the name of the provider that they are of; of all others the last one counts (role assignments of a cluster).
  const at = parts[1]?.toLowerCase() === "microsoft.features" ? 0 : parts.findLastIndex(isProvidersAt);
  const [namespace, ...rest] = parts.slice(at + 1);
  if (namespace === undefined) return { kind: "ResourceManager", namespace: RESOURCES, type: "providers" };
  const [only] = rest;
  const ofProvider = only === undefined || (rest.length === 1 && /^(un)?register$/i.test(only));
  if (ofProvider && at === 0) return { kind: "ResourceManager", namespace: RESOURCES, type: "providers" };
  return { kind: "Provider", namespace, type: typeIn(rest) };
}

function nameType(parts: readonly string[], isInSubscription: boolean): Named {
  const [first = ""] = parts;
  if (isProvidersAt(first, 0)) return inProvider(parts);
  const own = (type: string): Named => ({ kind: "ResourceManager", namespace: RESOURCES, type });
  if (!isInSubscription) return first.toLowerCase() === "tenants" ? own("tenants") : { kind: "Unknown", namespace: "", type: "" };
  if (first === "") return own("subscriptions");
  if (!OWN_TYPES.has(first.toLowerCase())) return { kind: "Unknown", namespace: "", type: "" };
  return own(/^(locations|operationresults)$/i.test(first) ? `subscriptions/${first}` : typeIn(parts));
}

/**
 * Reads an address.
 * @param path without query, slashes not doubled.
 * @param hasAuthority whether token requests are forwarded; if not, their addresses are like any unknown one.
 */
export function readAddress(path: string, hasAuthority: boolean): ArmAddress {
  const lower = path.toLowerCase().replace(/(.)\/+$/, "$1");
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
  const isInSubscription = parts[0]?.toLowerCase() === "subscriptions";
  const nowhere = { subscriptionId: undefined, resourceGroup: undefined, isGroupItself: false, location: undefined };
  if (OPEN.test(lower) || (hasAuthority && AUTHORITY.test(lower) && !isInSubscription))
    return { kind: "Open", namespace: "", type: "", ...nowhere };
  if (!isInSubscription) return { ...nowhere, ...nameType(parts, false) };
  const [, subscriptionId, ...below] = parts;
  const isGroups = below[0]?.toLowerCase() === "resourcegroups";
  const [, resourceGroup, ...inGroup] = isGroups ? below : [];
  const isGroupItself = isGroups && inGroup.length === 0;
  const named: Named = isGroupItself
    ? { kind: "ResourceManager", namespace: RESOURCES, type: "resourceGroups" }
    : nameType(isGroups ? inGroup : below, true);
  const location = /\/locations\/([^/]+)/i.exec(path)?.[1];
  return { ...named, subscriptionId, resourceGroup, isGroupItself, location: location === undefined ? undefined : decoded(location) };
}
