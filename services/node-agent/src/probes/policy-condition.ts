import type { PolicyStatus } from "../policy/policy-status.ts";
import type { Condition } from "../report/conditions.ts";
import type { ProbeResult } from "./judge-probes.ts";

/**
 * Condition `PolicyReconciled`: whether pods of this node are kept from what policies deny, as a pod has found it, and from nothing else. What the
 * kernel says of its rules alone proves nothing. None while no policy is there. Pure.
 */
export function policyCondition(policy: PolicyStatus, results: readonly ProbeResult[]): Omit<Condition, "lastTransitionTime">[] {
  const type = "PolicyReconciled";
  const { state, message = "" } = policy;
  const told = (outcome: ProbeResult["outcome"]): string =>
    results
      .filter((result) => result.outcome === outcome)
      .map((result) => result.message)
      .join(" ");
  if (results.some(({ outcome }) => outcome === "Failed"))
    return [{ type, status: "False", reason: "ProbeFailed", message: told("Failed") }];
  if (state === "NoPolicy" || state === "NotInstalled") return [];
  if (state === "Unknown") return [{ type, status: "Unknown", reason: "PolicyUnknown", message }];
  if (state === "Degraded") return [{ type, status: "False", reason: "Degraded", message }];
  if (results.some(({ outcome }) => outcome === "Unknown"))
    return [{ type, status: "Unknown", reason: "NotProved", message: told("Unknown") }];
  if (results.length === 0)
    return [{ type, status: "Unknown", reason: "NotProbed", message: "The policies deny nothing that can be tried." }];
  return [{ type, status: "True", reason: "Probed", message: told("Passed") }];
}
