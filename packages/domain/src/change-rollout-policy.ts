import { PREFLIGHT_OVERRIDES_MAX, parseOverrides, type OverrideBounds } from "./preflight-override.ts";
import type { PolicyFault } from "./policy-fault.ts";
import { GATES_MAX, parseGates } from "./rollout-gate.ts";
import type { RolloutPolicy } from "./rollout-policy.ts";
import { percentOf } from "./share.ts";

type Range = { readonly min: number; readonly max: number };
/** `percent`: a percentage as text may stand instead of the number. */
type Bound =
  | { readonly words: readonly string[] }
  | (Range & { readonly percent?: Range })
  | { readonly overridesMax: number }
  | { readonly gatesMax: number }
  | { readonly entriesMax: number; readonly entry: Range & { readonly percent?: Range } };

const DAY_MS = 86_400_000;

/** What each member may be; numbers are whole, both ends allowed, units as in the member's name. */
export const rolloutPolicyBounds: Readonly<Record<keyof RolloutPolicy, Bound>> = {
  nodeAction: { words: ["SwitchInPlace", "DrainAndSwitch"] },
  maxUnavailable: { min: 1, max: 500, percent: { min: 1, max: 50 } },
  maxBlockedNodes: { min: 0, max: 500, percent: { min: 0, max: 100 } },
  maxFailedNodes: { min: 0, max: 500, percent: { min: 0, max: 100 } },
  minSuccessPercent: { min: 0, max: 100 },
  onNodeFailure: { words: ["RevertNode", "Hold"] },
  onFailure: { words: ["Pause", "Fail", "Rollback"] },
  canaryPerStratum: { min: 0, max: 100 },
  canarySoakMs: { min: 0, max: DAY_MS },
  batchPlan: { entriesMax: 20, entry: { min: 1, max: 500, percent: { min: 1, max: 100 } } },
  batchSoakMs: { min: 0, max: DAY_MS },
  finalSoakMs: { min: 0, max: 7 * DAY_MS },
  nodeSoakMs: { min: 0, max: 1_800_000 },
  drainTimeoutMs: { min: 1_000, max: DAY_MS },
  drainConnectionIdleMs: { min: 0, max: 3_600_000 },
  drainConnectionsMax: { min: 0, max: 1_000_000 },
  disruptionAcknowledgement: { words: ["NotRequired", "Required"] },
  undrainableNodeBehavior: { words: ["Schedule", "Cordon", "Fail"] },
  confirmSeconds: { min: 1, max: 3_600 },
  verifyCount: { min: 1, max: 100 },
  verifyIntervalMs: { min: 100, max: 600_000 },
  installTimeoutMs: { min: 1_000, max: DAY_MS },
  switchTimeoutMs: { min: 1_000, max: DAY_MS },
  attemptsMax: { min: 1, max: 100 },
  leaseMs: { min: 5_000, max: 600_000 },
  progressDeadlineMs: { min: 60_000, max: 7 * DAY_MS },
  operationTimeoutMs: { min: 60_000, max: 7 * DAY_MS },
  hybridGraceMs: { min: 0, max: 7 * DAY_MS },
  ruleset: { words: ["seed-2024", "ga-2026"] },
  preflightOverrides: { overridesMax: PREFLIGHT_OVERRIDES_MAX },
  gates: { gatesMax: GATES_MAX },
  approvalTimeoutMs: { min: 60_000, max: 14 * DAY_MS },
  maintenance: { words: ["Honor", "Ignore", "Require"] },
  minRemainingMinutes: { min: 0, max: 1_440 },
  analysisMode: { words: ["Enforce", "Report", "Off"] },
  analysisInitialDelayMs: { min: 0, max: 3_600_000 },
  analysisIntervalMs: { min: 1_000, max: 3_600_000 },
  analysisCount: { min: 1, max: 100 },
  analysisFailureLimit: { min: 0, max: 100 },
  analysisInconclusiveLimit: { min: 0, max: 100 },
  analysisConsecutiveErrorLimit: { min: 0, max: 100 },
  taintFailOpenMinutes: { min: 0, max: 1_440 },
  bundleUpgrade: { words: ["Auto", "Manual"] },
  policyMode: { words: ["Correct", "Warn", "Off"] },
};

/** A member as it is kept, or what is wrong with it. */
type Judged = { readonly value: unknown } | { readonly faults: readonly PolicyFault[] };

const fault = (member: string, message: string): Judged => ({ faults: [{ member, message }] });

function judge(member: string, value: unknown, overrides: OverrideBounds): Judged {
  if (!Object.hasOwn(rolloutPolicyBounds, member)) return fault(member, `There is no member '${member}' in a rollout policy.`);
  if (value === null) return { value };
  const bound = rolloutPolicyBounds[member as keyof RolloutPolicy];
  if ("overridesMax" in bound) {
    const parsed = parseOverrides(value, overrides);
    return "faults" in parsed ? parsed : { value: parsed.overrides };
  }
  if ("words" in bound)
    return typeof value === "string" && bound.words.includes(value)
      ? { value }
      : fault(member, `${member} must be one of ${bound.words.join(", ")}.`);
  if ("gatesMax" in bound) {
    const parsed = parseGates(value);
    return "faults" in parsed ? parsed : { value: parsed.gates };
  }
  if ("entriesMax" in bound) return judgeList(member, value, bound);
  return judgeNumber(member, value, bound);
}

function judgeList(member: string, value: unknown, { entriesMax, entry }: Extract<Bound, { entriesMax: number }>): Judged {
  if (!Array.isArray(value) || value.length > entriesMax)
    return fault(member, `${member} must be a list of at most ${entriesMax} entries.`);
  const faults = value.flatMap((each, index) => {
    const judged = judgeNumber(`${member}[${index}]`, each, entry);
    return "faults" in judged ? judged.faults : [];
  });
  return faults.length > 0 ? { faults } : { value };
}

function judgeNumber(member: string, value: unknown, bound: Range & { readonly percent?: Range }): Judged {
  const { percent } = bound;
  if (isWithin(value, bound) || (percent !== undefined && isWithin(percentOf(value), percent))) return { value };
  const orPercent = percent === undefined ? "" : `, or a percentage from "${percent.min}%" to "${percent.max}%"`;
  return fault(member, `${member} must be a whole number from ${bound.min} to ${bound.max}${orPercent}.`);
}

function isWithin(value: unknown, { min, max }: Range): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}

/**
 * A cluster's own part of the policy after a change: members that are given replace, lists as a whole, `null` goes back to the default, the
 * rest stays (RFC 7396). All faults at once, and then nothing changes.
 */
export function changeRolloutPolicy(
  current: Partial<RolloutPolicy>,
  members: Readonly<Record<string, unknown>>,
  overrides: OverrideBounds,
): { readonly policy: Partial<RolloutPolicy> } | { readonly faults: readonly PolicyFault[] } {
  const judged = Object.entries(members).map(([member, value]) => [member, judge(member, value, overrides)] as const);
  const faults = judged.flatMap(([, answer]) => ("faults" in answer ? answer.faults : []));
  if (faults.length > 0) return { faults };
  const given = judged.map(([member, answer]) => [member, "value" in answer ? answer.value : undefined] as const);
  const merged = Object.entries({ ...current, ...Object.fromEntries(given) }).filter(([, value]) => value !== null);
  return { policy: Object.fromEntries(merged) as Partial<RolloutPolicy> };
}
