import type { AccelerationMode, ManagedCluster } from "@hostrouting/domain";
import type { ManagedClusterRequest } from "@hostrouting/contracts";
import { normaliseAdvancedNetworking } from "./advanced-networking.ts";
import { asJsonObject, isJsonObject, mergePatch, type JsonObject } from "./json-object.ts";

/** Members of the resource that are neither identity nor settings of the cluster; kept and handed back. */
const ENVELOPE = ["sku", "identity", "kind", "extendedLocation"] as const;

/** What a request would make of a cluster: the members that a client can set. */
export type ClusterSettings = Pick<ManagedCluster, "tags" | "envelope" | "properties">;

function dataplaneOf(network: JsonObject): string {
  const dataplane = network["networkDataplane"];
  return typeof dataplane === "string" ? dataplane.toLowerCase() : "";
}

/** A network profile with `advancedNetworking` whole. */
function withAdvancedNetworking(network: JsonObject, advancedNetworking: unknown): JsonObject {
  return { ...network, advancedNetworking: normaliseAdvancedNetworking(advancedNetworking, dataplaneOf(network)) };
}

function mergeNetworkProfile(stored: unknown, given: JsonObject): JsonObject {
  const { advancedNetworking, ...rest } = given;
  const merged = mergePatch(stored, rest);
  return withAdvancedNetworking(merged, advancedNetworking === undefined ? merged["advancedNetworking"] : advancedNetworking);
}

function nameOf(pool: unknown): string {
  const { name } = asJsonObject(pool);
  return typeof name === "string" ? name.toLowerCase() : "";
}

/** Pools are matched by name and keep their order; unknown ones come last. A pool that the request leaves out is kept. */
function mergePools(stored: unknown, given: readonly unknown[]): readonly unknown[] {
  const before = Array.isArray(stored) ? stored : [];
  const known = before.map((pool) => {
    const { name: _name, ...patch } = asJsonObject(given.find((one) => nameOf(one) === nameOf(pool)));
    return mergePatch(pool, patch);
  });
  const added = given.filter((pool) => !before.some((one) => nameOf(one) === nameOf(pool)));
  return [...known, ...added];
}

function mergeProperties(stored: JsonObject, given: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...stored };
  for (const [name, value] of Object.entries(given))
    if (name === "networkProfile" && isJsonObject(value)) merged[name] = mergeNetworkProfile(stored[name], value);
    else if (name === "agentPoolProfiles" && Array.isArray(value)) merged[name] = mergePools(stored[name], value);
    else if (isJsonObject(value)) merged[name] = mergePatch(stored[name], value);
    else if (value === null) delete merged[name];
    else merged[name] = value;
  return merged;
}

/** Properties as they are shown and compared: `advancedNetworking` is whole. */
export function wholeProperties(properties: JsonObject): JsonObject {
  const network = asJsonObject(properties["networkProfile"]);
  return { ...properties, networkProfile: withAdvancedNetworking(network, network["advancedNetworking"]) };
}

/**
 * Lays a request over what is stored. An absent or empty profile keeps what is stored (az sends `storageProfile: {}` with every update),
 * null goes back to the default, `advancedNetworking` is replaced as one unit, members that we do not know are kept.
 */
export function mergeManagedCluster(stored: ClusterSettings, request: ManagedClusterRequest): ClusterSettings {
  const envelope: Record<string, unknown> = { ...stored.envelope };
  for (const name of ENVELOPE) {
    const value: unknown = request[name];
    if (value === null) delete envelope[name];
    else if (value !== undefined) envelope[name] = isJsonObject(value) ? mergePatch(envelope[name], value) : value;
  }
  return {
    tags: request.tags === undefined ? stored.tags : (request.tags ?? {}),
    envelope,
    properties: mergeProperties(wholeProperties(stored.properties), asJsonObject(request.properties)),
  };
}

/** Properties with another mode; nothing else of them changes. */
export function withMode(properties: JsonObject, accelerationMode: AccelerationMode): JsonObject {
  const whole = wholeProperties(properties);
  const network = asJsonObject(whole["networkProfile"]);
  const advancedNetworking = { ...asJsonObject(network["advancedNetworking"]), performance: { accelerationMode } };
  return { ...whole, networkProfile: { ...network, advancedNetworking } };
}

/**
 * Lays a merge patch (RFC 7396) over what is stored: also `advancedNetworking` is merged member by member. `tags` are replaced as a whole (ARM RPC), pools matched
 * by name.
 */
export function patchManagedCluster(stored: ClusterSettings, patch: ManagedClusterRequest): ClusterSettings {
  const { agentPoolProfiles, ...given } = asJsonObject(patch.properties);
  const whole = wholeProperties(stored.properties);
  const patched = mergePatch(whole, given);
  const pools = Array.isArray(agentPoolProfiles) ? { agentPoolProfiles: mergePools(whole["agentPoolProfiles"], agentPoolProfiles) } : {};
  const { tags, envelope } = mergeManagedCluster(stored, { ...patch, properties: {} });
  return { tags, envelope, properties: wholeProperties({ ...patched, ...pools }) };
}
