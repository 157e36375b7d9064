import type { ManagedCluster } from "@hostrouting/domain";
import { wholeProperties } from "../enablement/merge-managed-cluster.ts";
import { asJsonObject } from "../enablement/json-object.ts";
import { identityMembers } from "../enablement/managed-identity.ts";
import { CLUSTER_TYPE, clusterResourceId } from "./resource-ids.ts";

/** Pools carry the cluster's etag, since a write of the cluster changes theirs too, until they are written on their own. */
function withPoolMembers(pools: unknown, cluster: ManagedCluster): readonly unknown[] {
  const list = Array.isArray(pools) ? pools : [];
  return list.map((pool) => ({ provisioningState: cluster.provisioningState, eTag: cluster.etag, ...asJsonObject(pool) }));
}

/** What every list shows of a cluster, whatever else it shows: who it is, where, and its tags. */
export function toResourceMembers(cluster: ManagedCluster): Readonly<Record<string, unknown>> {
  return {
    ...cluster.envelope,
    id: clusterResourceId(cluster),
    name: cluster.name,
    type: CLUSTER_TYPE,
    location: cluster.location,
    tags: cluster.tags,
  };
}

/** A managed cluster as ARM shows it. Never with a top-level `status`: the SDK for Python would read it as an operation's. */
export function toManagedClusterBody(cluster: ManagedCluster): Readonly<Record<string, unknown>> {
  const properties = wholeProperties(cluster.properties);
  return {
    ...toResourceMembers(cluster),
    eTag: cluster.etag,
    systemData: cluster.systemData,
    properties: {
      ...properties,
      ...identityMembers(cluster),
      provisioningState: cluster.provisioningState,
      agentPoolProfiles: withPoolMembers(properties["agentPoolProfiles"], cluster),
    },
  };
}
