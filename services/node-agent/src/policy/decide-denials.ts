import type { DenyTable } from "./deny-table.ts";
import type { KeptPolicies, KeptPolicy } from "./keep-policies.ts";

/** Whether the API server was asked: not yet, and then why; in vain, since it knows no such policies; or with an answer. */
export type PoliciesLook = { readonly state: "Unknown"; readonly why: string } | { readonly state: "NotInstalled" | "Read" };

/** What pods are to be denied now. */
export type DenialDecision = {
  readonly look: PoliciesLook["state"];
  /** Undefined while nothing is known: then whatever the kernel denies stays. */
  readonly table: DenyTable | undefined;
  readonly policies: readonly KeptPolicy[];
  /** What keeps a policy from being enforced as it is written, or from being known; empty when nothing does. */
  readonly faults: readonly string[];
  /** Why a node must not be switched on now. */
  readonly refusal?: { readonly reason: "PolicyUnknown" | "PolicyRefused"; readonly message: string };
};

/**
 * What is denied, and whether a node may be switched on: not before it is known what pods must not reach, nor while a policy is there of which
 * nothing was ever understood. Pure. @param isCurrent whether the policies were read since the switch was ordered
 */
export function decideDenials(look: PoliciesLook, kept: KeptPolicies, isCurrent = true): DenialDecision {
  const { policies, table, fault } = kept;
  const faults = [
    ...policies.flatMap((policy) => (policy.fault === undefined ? [] : [`${policy.name}: ${policy.fault}.`])),
    ...(fault === undefined ? [] : [`All policies together: ${fault}.`]),
  ];
  if (look.state === "Unknown") {
    const message = `CiliumClusterwideNetworkPolicies have not been read yet: ${look.why}`;
    const known = policies.length > 0 ? table : undefined;
    return { look: "Unknown", table: known, policies, faults: [...faults, message], refusal: { reason: "PolicyUnknown", message } };
  }
  const isUnheard = policies.some(({ rules }) => rules.length === 0) || (fault !== undefined && table.size === 0);
  const decision = { look: look.state, table, policies, faults };
  if (isUnheard)
    return {
      ...decision,
      refusal: { reason: "PolicyRefused", message: `What pods must not reach is not understood. ${faults.join(" ")}` },
    };
  if (isCurrent) return decision;
  return { ...decision, refusal: { reason: "PolicyUnknown", message: "CiliumClusterwideNetworkPolicies are being read for this switch." } };
}
