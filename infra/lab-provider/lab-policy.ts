import { as, type Instant, type RolloutPolicy } from "@hostrouting/domain";
import { labPolicy } from "../dev/lab-cluster.ts";

/** The rule that the machine's own kernel fails: see `labPolicy`. */
const RULE = "PF-017";

/**
 * A cluster's own part of the rollout policy with what the lab needs: what people set stays, and an override that has not run out does too. Nothing when
 * all is there. Pure.
 */
export function withLabPolicy(own: Partial<RolloutPolicy>, nowMs: number): Partial<RolloutPolicy> | undefined {
  const lab = labPolicy(as<Instant>(nowMs), false);
  const overrides = own.preflightOverrides ?? [];
  const isOverridden = overrides.some(({ ruleId, expiresAt }) => ruleId === RULE && Date.parse(expiresAt) > nowMs);
  const missing = Object.keys(lab).some((member) => !(member in own));
  if (isOverridden && !missing) return undefined;
  const preflightOverrides = isOverridden ? overrides : [...overrides.filter(({ ruleId }) => ruleId !== RULE), ...lab.preflightOverrides];
  return { ...lab, ...own, preflightOverrides };
}
