import { changeRolloutPolicy, type Instant } from "@hostrouting/domain";
import { overridableRules } from "@hostrouting/preflight";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { ArmError, armError, manyFaults, type ArmFault } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";
import { isJsonObject } from "./json-object.ts";

/** A PATCH of `hostRoutings/default`; `now` is what overrides must end after. */
export type PolicyRequest = { readonly name: string; readonly body: unknown; readonly principal: Principal; readonly now: Instant };
/** What it makes of the cluster; without a change the policy is as asked for already. */
export type PolicyDecision = { readonly change?: ClusterChange; readonly result: "Accepted" | ArmError };

const TARGET = "properties.rolloutPolicy";

/** What a PATCH makes of a cluster's rollout policy under lock: members given replace, `null` is the default, all faults at once (400). */
export function decidePolicy(locked: LockedCluster | undefined, request: PolicyRequest): PolicyDecision {
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", `The managed cluster '${request.name}' was not found.`) };
  const members = policyOf(request.body);
  if (members instanceof ArmError) return { result: members };
  if (members === undefined) return { result: "Accepted" };
  const changed = changeRolloutPolicy(locked.rolloutPolicy, members, { now: request.now, overridableRules });
  if ("policy" in changed) {
    const history = [{ kind: "RolloutPolicyChanged", data: { members, by: request.principal.objectId } }];
    return { change: { rolloutPolicy: changed.policy, history }, result: "Accepted" };
  }
  const [first, ...others] = changed.faults.map(({ member, message }): ArmFault => ({
    code: "InvalidParameter",
    message,
    target: `${TARGET}.${member}`,
  }));
  return first === undefined ? { result: "Accepted" } : { result: new ArmError(400, manyFaults([first, ...others])) };
}

/** The members to change, or nothing when the body has none. */
function policyOf(body: unknown): Readonly<Record<string, unknown>> | undefined | ArmError {
  if (!isJsonObject(body)) return refuse("The body must be a JSON object.", "");
  const { properties = {} } = body;
  if (!isJsonObject(properties)) return refuse("properties must be an object.", "properties");
  const { rolloutPolicy } = properties;
  if (rolloutPolicy === undefined) return undefined;
  return isJsonObject(rolloutPolicy) ? rolloutPolicy : refuse("rolloutPolicy must be an object.", TARGET);
}

function refuse(message: string, target: string): ArmError {
  return new ArmError(400, { code: "InvalidRequestContent", message, ...(target !== "" && { target }) });
}
