import { hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ManagedCluster } from "@hostrouting/domain";
import { asJsonObject, type JsonObject } from "./json-object.ts";

/** A GUID that is always the same for the same text (RFC 9562 §5.8: version 8 is what an application makes of anything). */
function stableGuid(text: string): string {
  const hex = hash("sha256", text, "hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * What AKS shows of a cluster with a managed identity: whose name the kubelets act in, and that there is no service principal. az refuses every `aks update` of a
 * cluster with an identity that shows none of its kubelets (managed_cluster_decorator.py, get_assignee_from_identity_or_sp_profile). What is stored is shown as it is;
 * where nothing is stored the ids are made of the cluster's own, so that they never change.
 */
export function identityMembers(cluster: ManagedCluster): Readonly<Record<string, unknown>> {
  const type = asJsonObject(cluster.envelope["identity"])["type"];
  if (typeof type !== "string" || !/^(system|user)assigned$/i.test(type)) return {};
  const { subscriptionId, resourceGroup, name, location, properties } = cluster;
  const nodeGroup = properties["nodeResourceGroup"] ?? `MC_${resourceGroup}_${name}_${location}`;
  const identities = `/subscriptions/${subscriptionId}/resourceGroups/${nodeGroup as string}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  const kubeletidentity = {
    resourceId: `${identities}/${name}-agentpool`,
    clientId: stableGuid(`${cluster.id}/kubelet/client`),
    objectId: stableGuid(`${cluster.id}/kubelet/object`),
  };
  return {
    servicePrincipalProfile: properties["servicePrincipalProfile"] ?? { clientId: "msi" },
    identityProfile: { kubeletidentity, ...asJsonObject(properties["identityProfile"]) },
  };
}

/**
 * Properties without what a client only saw and sends back: az and the SDKs PUT the whole of what they got, and that changes nothing.
 * @param properties those that a request would leave.
 */
export function withoutShownIdentity(cluster: ManagedCluster, properties: JsonObject): JsonObject {
  const shown = Object.entries(identityMembers(cluster));
  const isEcho = (name: string): boolean =>
    shown.some(([member, value]) => {
      const isStored = cluster.properties[member] !== undefined;
      return member === name && !isStored && isDeepStrictEqual(value, properties[name]);
    });
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !isEcho(name)));
}
