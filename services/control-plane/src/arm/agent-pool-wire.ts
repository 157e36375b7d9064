import { readManagedClusterRequest } from "@hostrouting/contracts";
import type { ManagedCluster } from "@hostrouting/domain";
import { isStopped, poolEtag } from "../enablement/decide-agent-pool.ts";
import { asJsonObject, isJsonObject, type JsonObject } from "../enablement/json-object.ts";
import { ArmError, armError, manyFaults, type ArmFault } from "./arm-error.ts";
import { CLUSTER_TYPE, clusterResourceId } from "./resource-ids.ts";

/** Type of a pool as a resource of its own. */
export const POOL_TYPE = `${CLUSTER_TYPE}/agentPools`;

/** A pool as ARM shows it on its own. */
export function toAgentPoolBody(cluster: ManagedCluster, { name, ...pool }: JsonObject): JsonObject {
  return {
    id: `${clusterResourceId(cluster)}/agentPools/${String(name)}`,
    name,
    type: POOL_TYPE,
    properties: { provisioningState: cluster.provisioningState, ...pool, eTag: poolEtag(cluster, { name, ...pool }) },
  };
}

/** The same members stand at another place in a cluster's body, whose schema they are held to. */
const PREFIX = /^properties\.agentPoolProfiles\[0\]\.?/;

/**
 * Reads the body of a PUT of pool `name`; gives its properties, without what is read-only.
 * @throws ArmError 400, all faults at once
 */
export function readPoolBody(body: unknown, name: string): JsonObject {
  if (!isJsonObject(body) || !isJsonObject(body["properties"] ?? {}))
    throw armError(400, "InvalidRequestContent", "The request content must be a JSON object: the agent pool, with its properties.");
  const given = body["name"];
  if (typeof given === "string" && given.toLowerCase() !== name.toLowerCase())
    throw new ArmError(400, {
      code: "InvalidRequestContent",
      message: `The name in the body is not '${name}', the name in the address.`,
      target: "name",
    });
  const pool = { ...asJsonObject(body["properties"]), name };
  const read = readManagedClusterRequest({ properties: { agentPoolProfiles: [pool] } });
  if ("request" in read) return asJsonObject(read.request.properties?.agentPoolProfiles?.[0]);
  const faults = read.problems.map(({ kind, message, target }): ArmFault => ({
    code: kind === "Type" ? "InvalidRequestContent" : "InvalidParameter",
    message: message.replace(target, target.replace(PREFIX, "properties.")),
    target: target.replace(PREFIX, "properties."),
  }));
  const [first, ...others] = faults;
  throw first === undefined
    ? armError(400, "InvalidRequestContent", "The request content does not fit the contract.")
    : new ArmError(400, manyFaults([first, ...others]));
}

/** Whether the body of a PUT says that the pool is to be stopped, as `az aks nodepool stop` does; other words of a power state are only shown. */
export function asksToStop(body: unknown): boolean {
  return isStopped(asJsonObject(asJsonObject(body)["properties"]));
}
