import { as, type ClusterId } from "@hostrouting/domain";
import { ArmError, armError } from "./arm-error.ts";

/** Provider namespace and types, in their display casing. */
export const PROVIDER = "Microsoft.ContainerService";
export const CLUSTER_TYPE = `${PROVIDER}/managedClusters`;
export const HOST_ROUTING_TYPE = `${CLUSTER_TYPE}/hostRoutings`;

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** ARM: letters, digits, `-_().`, not ending in a point, at most 90. */
const GROUP_NAME = /^[\p{L}\p{N}\-_().]{0,89}[\p{L}\p{N}\-_()]$/u;
/** AKS: 1–63 characters, first and last a letter or digit. */
const CLUSTER_NAME = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/i;

/** The names in a request's path, as they were sent. */
export type ClusterPath = { readonly subscriptionId: string; readonly resourceGroup: string; readonly name: string };

/** Whether text is a GUID. */
export function isGuid(text: string): boolean {
  return GUID.test(text);
}

/** Resource id in the casing that is given. */
export function clusterResourceId(path: ClusterPath): string {
  return `/subscriptions/${path.subscriptionId}/resourceGroups/${path.resourceGroup}/providers/${CLUSTER_TYPE}/${path.name}`;
}

/** The key of a cluster: its resource id in lower case. */
export function clusterIdOf(path: ClusterPath): ClusterId {
  return as<ClusterId>(clusterResourceId(path).toLowerCase());
}

/** Why the names of a path cannot be, or nothing; names that are absent are not judged. */
export function whyNotPath(path: Partial<ClusterPath>): ArmError | undefined {
  if (path.subscriptionId !== undefined && !GUID.test(path.subscriptionId))
    return armError(400, "InvalidSubscriptionId", `The provided subscription identifier '${path.subscriptionId}' is malformed or invalid.`);
  if (path.resourceGroup !== undefined && !GROUP_NAME.test(path.resourceGroup))
    return armError(400, "InvalidResourceGroup", `The provided resource group name '${path.resourceGroup}' is not valid.`);
  if (path.name !== undefined && !CLUSTER_NAME.test(path.name)) {
    const rule = "must have 1 to 63 letters, digits, '-' or '_', and begin and end with a letter or digit";
    return new ArmError(400, {
      code: "InvalidResourceName",
      message: `The resource name '${path.name}' is not valid: it ${rule}.`,
      target: "name",
    });
  }
  return undefined;
}

/** A location for comparison: "East US" is "eastus". */
export function locationKey(location: string): string {
  return location.replaceAll(" ", "").toLowerCase();
}
