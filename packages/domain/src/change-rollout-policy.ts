import type { RolloutPolicy } from "./rollout-policy.ts";

type Bound = { readonly words: readonly string[] } | { readonly min: number; readonly max: number };

const DAY_MS = 86_400_000;

/** What each member may be; numbers are whole, both ends allowed, units as in the member's name. */
export const rolloutPolicyBounds: Readonly<Record<keyof RolloutPolicy, Bound>> = {
  nodeAction: { words: ["SwitchInPlace", "DrainAndSwitch"] },
  maxUnavailable: { min: 1, max: 500 },
  nodeSoakMs: { min: 0, max: 1_800_000 },
  drainTimeoutMs: { min: 1_000, max: DAY_MS },
  undrainableNodeBehavior: { words: ["Schedule", "Cordon", "Fail"] },
  confirmSeconds: { min: 1, max: 3_600 },
  verifyCount: { min: 1, max: 100 },
  verifyIntervalMs: { min: 100, max: 600_000 },
  installTimeoutMs: { min: 1_000, max: DAY_MS },
  switchTimeoutMs: { min: 1_000, max: DAY_MS },
  attemptsMax: { min: 1, max: 100 },
  leaseMs: { min: 5_000, max: 600_000 },
  progressDeadlineMs: { min: 60_000, max: 7 * DAY_MS },
  ruleset: { words: ["seed-2024", "ga-2026"] },
};

/** A member that cannot be set as asked. */
export type PolicyFault = { readonly member: string; readonly message: string };

function faultOf(member: string, value: unknown): PolicyFault | undefined {
  const bound = rolloutPolicyBounds[member as keyof RolloutPolicy] as Bound | undefined;
  if (bound === undefined) return { member, message: `There is no member '${member}' in a rollout policy.` };
  if (value === null) return undefined;
  if ("words" in bound)
    return typeof value === "string" && bound.words.includes(value)
      ? undefined
      : { member, message: `${member} must be one of ${bound.words.join(", ")}.` };
  return typeof value === "number" && Number.isInteger(value) && value >= bound.min && value <= bound.max
    ? undefined
    : { member, message: `${member} must be a whole number from ${bound.min} to ${bound.max}.` };
}

/**
 * A cluster's own part of the policy after a change: members that are given replace, `null` goes back to the default, the rest stays
 * (RFC 7396). All faults at once, and then nothing changes.
 */
export function changeRolloutPolicy(
  current: Partial<RolloutPolicy>,
  members: Readonly<Record<string, unknown>>,
): { readonly policy: Partial<RolloutPolicy> } | { readonly faults: readonly PolicyFault[] } {
  const faults = Object.entries(members).flatMap(([member, value]) => faultOf(member, value) ?? []);
  if (faults.length > 0) return { faults };
  const merged = Object.entries({ ...current, ...members }).filter(([, value]) => value !== null);
  return { policy: Object.fromEntries(merged) as Partial<RolloutPolicy> };
}
