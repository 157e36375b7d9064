import { changeRolloutPolicy } from "./change-rollout-policy.ts";
import type { PolicyFault } from "./policy-fault.ts";
import type { OverrideBounds } from "./preflight-override.ts";
import { productionPolicy, type RolloutPolicy } from "./rollout-policy.ts";

/** Whether two values of JSON say the same; the order of members says nothing. */
function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && isSameJson(left[name], right[name]))
  );
}

/**
 * A cluster's own part of the policy when the whole of it is written anew: members that are not given go back to their defaults. Whoever writes back
 * what was read changes nothing: a member that is as it was stays as it was, also one that could not be set so today (an override that has
 * ended), and one that says the default where nothing was set does not fix it. All faults at once, and then nothing changes.
 */
export function replaceRolloutPolicy(
  current: Partial<RolloutPolicy>,
  members: Readonly<Record<string, unknown>>,
  overrides: OverrideBounds,
): { readonly policy: Partial<RolloutPolicy> } | { readonly faults: readonly PolicyFault[] } {
  const before: Readonly<Record<string, unknown>> = { ...productionPolicy, ...current };
  const isAsItWas = ([name, value]: readonly [string, unknown]): boolean => Object.hasOwn(before, name) && isSameJson(before[name], value);
  const given = Object.entries(members);
  const changed = changeRolloutPolicy({}, Object.fromEntries(given.filter((member) => !isAsItWas(member))), overrides);
  if ("faults" in changed) return changed;
  const kept = given.filter((member) => isAsItWas(member) && Object.hasOwn(current, member[0]));
  return { policy: { ...(Object.fromEntries(kept) as Partial<RolloutPolicy>), ...changed.policy } };
}
