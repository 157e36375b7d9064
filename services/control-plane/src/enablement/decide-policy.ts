import { changeRolloutPolicy, replaceRolloutPolicy, type Instant, type RolloutPolicy } from "@hostrouting/domain";
import { overridableRules } from "@hostrouting/preflight";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { ArmError, armError, manyFaults, type ArmFault } from "../arm/arm-error.ts";
import { whyNotPreconditions, type Preconditions } from "../arm/etags.ts";
import { policyEtag } from "../arm/policy-etag.ts";
import type { Principal } from "../arm/principal.ts";
import type { JsonObject } from "./json-object.ts";

/**
 * A write of `hostRoutings/default`. `members` of the policy, absent where the body has none; `isWhole`: a PUT, after which the policy has no others;
 * `now` is what overrides must end after.
 */
export type PolicyRequest = {
  readonly name: string;
  readonly members: JsonObject | undefined;
  readonly isWhole: boolean;
  readonly preconditions: Preconditions;
  readonly principal: Principal;
  readonly now: Instant;
};
/** What it makes of the cluster; without a change the policy is as asked for already. */
export type PolicyDecision = { readonly change?: ClusterChange; readonly result: "Accepted" | ArmError };

const TARGET = "properties.rolloutPolicy";

/**
 * What a PUT or PATCH makes of a cluster's rollout policy under lock. PATCH: members that are given replace, `null` is the default (RFC 7396). PUT:
 * members that are not given are the default. All faults at once (400); 412 for a version that is not there any more.
 */
export function decidePolicy(locked: LockedCluster | undefined, request: PolicyRequest): PolicyDecision {
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", `The managed cluster '${request.name}' was not found.`) };
  const { rolloutPolicy: current } = locked;
  const etag = policyEtag(current);
  const stale = whyNotPreconditions(request.preconditions, etag);
  if (stale !== undefined) return { result: stale };
  const policy = policyAfter(current, request);
  if (policy instanceof ArmError) return { result: policy };
  if (policyEtag(policy) === etag) return { result: "Accepted" };
  const { members = {}, isWhole } = request;
  const history = [
    { kind: "RolloutPolicyChanged", data: { members: isWhole ? policy : members, isWhole, by: request.principal.objectId } },
  ];
  return { change: { rolloutPolicy: policy, history }, result: "Accepted" };
}

function policyAfter(current: Partial<RolloutPolicy>, { members = {}, isWhole, now }: PolicyRequest): Partial<RolloutPolicy> | ArmError {
  const bounds = { now, overridableRules };
  const changed = isWhole ? replaceRolloutPolicy(current, members, bounds) : changeRolloutPolicy(current, members, bounds);
  if ("policy" in changed) return changed.policy;
  const [first, ...others] = changed.faults.map(({ member, message }): ArmFault => ({
    code: "InvalidParameter",
    message,
    target: `${TARGET}.${member}`,
  }));
  return first === undefined ? current : new ArmError(400, manyFaults([first, ...others]));
}
