import type { LockedCluster } from "@hostrouting/store";
import { ArmError } from "../arm/arm-error.ts";
import { whyNotPreconditions } from "../arm/etags.ts";
import { locationKey } from "../arm/resource-ids.ts";
import { decideCreate, type CreateRequest } from "./decide-create.ts";
import { decideSettings, type PutDecision } from "./decide-settings.ts";
import { mergeManagedCluster } from "./merge-managed-cluster.ts";

export type { PutDecision } from "./decide-settings.ts";

/** A PUT with all that it needs from outside. */
export type PutRequest = CreateRequest & {
  /** `provisioningState` in the body, which clients cannot set: one that is not the cluster's is refused (ARM RPC). */
  readonly claimedState: string | undefined;
};

/** What a PUT makes of a cluster under lock. In order: does it exist, preconditions, location, and then as `decideSettings` has it. */
export function decidePut(locked: LockedCluster | undefined, put: PutRequest): PutDecision {
  if (locked === undefined) return decideCreate(put);
  const { cluster } = locked;
  const precondition = whyNotPreconditions(put.preconditions, cluster.etag);
  if (precondition !== undefined) return { result: precondition };
  const { location } = put.request;
  if (location !== undefined && locationKey(location) !== locationKey(cluster.location)) {
    const message = `The resource '${put.name}' exists in location '${cluster.location}' and cannot move to '${location}'.`;
    return { result: new ArmError(409, { code: "InvalidResourceLocation", message, target: "location" }) };
  }
  if (put.claimedState !== undefined && put.claimedState !== cluster.provisioningState) {
    const message = `provisioningState is '${cluster.provisioningState}' and cannot be set to '${put.claimedState}'. Leave it out.`;
    return { result: new ArmError(400, { code: "InvalidRequestContent", message, target: "provisioningState" }) };
  }
  return decideSettings(locked, put, {
    settings: mergeManagedCluster(cluster, put.converter.readPut(put.request, cluster.properties)),
  });
}
