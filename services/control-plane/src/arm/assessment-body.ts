import { changeRolloutPolicy, type AccelerationMode, type Instant, type RolloutPolicy } from "@hostrouting/domain";
import { overridableRules } from "@hostrouting/preflight";
import { isJsonObject } from "../enablement/json-object.ts";
import { ArmError, manyFaults, type ArmFault } from "./arm-error.ts";

/** What a body of `validate` or `whatIf` asks. `rolloutPolicy`: the cluster's own part of the policy with its changes. */
export type AssessmentWish = { readonly mode: AccelerationMode; readonly rolloutPolicy: Partial<RolloutPolicy> };

const MODES: readonly AccelerationMode[] = ["BpfVeth", "None"];
const MEMBERS: readonly string[] = ["mode", "rolloutPolicy"];

const invalid = (target: string, message: string): ArmFault => ({ code: "InvalidParameter", message, target });

function policyFaults(
  value: unknown,
  given: { current: Partial<RolloutPolicy>; now: Instant },
): { readonly policy: Partial<RolloutPolicy> } | { readonly faults: readonly ArmFault[] } {
  if (value === undefined || value === null) return { policy: given.current };
  if (!isJsonObject(value)) return { faults: [invalid("rolloutPolicy", "rolloutPolicy must be an object.")] };
  const changed = changeRolloutPolicy(given.current, value, { now: given.now, overridableRules });
  if ("policy" in changed) return changed;
  return { faults: changed.faults.map(({ member, message }) => invalid(`rolloutPolicy.${member}`, message)) };
}

/**
 * Reads the body of a question. Words are compared without case, as everywhere in ARM.
 * @param given the cluster's own part of the policy, and the time after which overrides must end.
 * @throws ArmError 400, all faults at once, each with the name of its member.
 */
export function parseAssessment(body: unknown, given: { current: Partial<RolloutPolicy>; now: Instant }): AssessmentWish {
  if (!isJsonObject(body)) throw new ArmError(400, { code: "InvalidRequestContent", message: "The body must be a JSON object." });
  const { mode: word } = body;
  const mode = MODES.find((known) => typeof word === "string" && known.toLowerCase() === word.toLowerCase());
  const policy = policyFaults(body["rolloutPolicy"], given);
  const [first, ...others] = [
    ...(mode === undefined ? [invalid("mode", `mode must be one of ${MODES.join(", ")}.`)] : []),
    ...("faults" in policy ? policy.faults : []),
    ...Object.keys(body)
      .filter((name) => !MEMBERS.includes(name))
      .map((name) => invalid(name, `There is no member '${name}'; there are ${MEMBERS.join(" and ")}.`)),
  ];
  if (first !== undefined) throw new ArmError(400, manyFaults([first, ...others]));
  return { mode: mode ?? "None", rolloutPolicy: "policy" in policy ? policy.policy : {} };
}
