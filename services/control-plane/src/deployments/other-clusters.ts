import type { DeploymentError } from "@hostrouting/domain";
import { CONTRACT_API_VERSION } from "../arm/api-versions.ts";
import { CLUSTER_TYPE } from "../arm/resource-ids.ts";
import { asJsonObject, type JsonObject } from "../enablement/json-object.ts";
import type { Ask } from "./resolve-references.ts";

/** A managed cluster of the group that is deployed to. */
export type OtherCluster = { readonly id: string; readonly name: string; readonly body: JsonObject };

/** 100 pages of 100 clusters; a group with more is not deployed to in Complete mode. */
const PAGES_MAX = 100;

/** All clusters of a group, as whoever deploys may see them. */
export async function listClusters(
  ask: Ask,
  group: { readonly subscriptionId: string; readonly resourceGroup: string },
): Promise<readonly OtherCluster[] | DeploymentError> {
  const { subscriptionId, resourceGroup } = group;
  const first = `/subscriptions/${subscriptionId}/resourceGroups/${encodeURIComponent(resourceGroup)}/providers/${CLUSTER_TYPE}`;
  let url: string | undefined = `${first}?api-version=${CONTRACT_API_VERSION}`;
  const found: OtherCluster[] = [];
  for (let page = 0; url !== undefined; page++) {
    const reply = await ask({ method: "GET", url });
    const { value, nextLink } = asJsonObject(reply.body);
    if (reply.status !== 200 || !Array.isArray(value) || page === PAGES_MAX)
      return {
        code: "ResourceGroupUnreadable",
        message: `The managed clusters of resource group '${resourceGroup}' cannot be listed (HTTP status ${reply.status}).`,
      };
    for (const one of value) {
      const body = asJsonObject(one);
      found.push({ id: String(body["id"]), name: String(body["name"]), body });
    }
    url = typeof nextLink === "string" ? `${new URL(nextLink).pathname}${new URL(nextLink).search}` : undefined;
  }
  return found;
}
