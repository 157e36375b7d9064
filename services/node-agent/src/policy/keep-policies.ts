import { denyTable, type DenyRule, type DenyTable } from "./deny-table.ts";
import type { ReadPolicy } from "./read-policy.ts";

/**
 * How long a policy counts after it was deleted. Somebody may have deleted it by mistake, and what heals that takes a minute: pods must not get
 * through meanwhile.
 */
const KEPT_AFTER_DELETION_MS = 2 * 60_000;

/** One policy with the last rules of it that were understood. `generation`: theirs. */
export type KeptPolicy = {
  readonly name: string;
  readonly generation: number;
  /** None when it has never been understood. */
  readonly rules: readonly DenyRule[];
  /** Why its present form is not understood. */
  readonly fault?: string;
  /** Since when it is not there any more, milliseconds since 1970. */
  readonly goneSince?: number;
};

/** What is kept from one look to the next. */
export type KeptPolicies = { readonly policies: readonly KeptPolicy[]; readonly table: DenyTable; readonly fault?: string };

/** Nothing was ever seen. */
export const NO_POLICIES: KeptPolicies = { policies: [], table: new Map() };

/**
 * What counts after another look. A policy that is not understood keeps its last rules, and so does one that is gone, for two minutes; what
 * altogether has no room in the kernel leaves everything as it was. Pure. @param seen undefined: could not look; @param now milliseconds since 1970.
 */
export function keepPolicies(before: KeptPolicies, seen: readonly ReadPolicy[] | undefined, now: number): KeptPolicies {
  if (seen === undefined) return before;
  const policies = [...seen.map((policy) => renewed(policy, before)), ...before.policies.flatMap((policy) => gone(policy, seen, now))];
  policies.sort((a, b) => (a.name < b.name ? -1 : 1));
  const worked = denyTable(policies.flatMap(({ rules }) => rules));
  return "table" in worked ? { policies, table: worked.table } : { policies, table: before.table, fault: worked.fault };
}

function renewed(policy: ReadPolicy, { policies }: KeptPolicies): KeptPolicy {
  const { name } = policy;
  if ("rules" in policy) return { name, generation: policy.generation, rules: policy.rules };
  const former = policies.find((kept) => kept.name === name);
  return { name, generation: former?.generation ?? policy.generation, rules: former?.rules ?? [], fault: policy.fault };
}

function gone(policy: KeptPolicy, seen: readonly ReadPolicy[], now: number): KeptPolicy[] {
  if (seen.some(({ name }) => name === policy.name)) return [];
  const { name, generation, rules } = policy;
  // a clock that was put back must not keep it for ever
  const goneSince = Math.min(policy.goneSince ?? now, now);
  return now - goneSince >= KEPT_AFTER_DELETION_MS || rules.length === 0 ? [] : [{ name, generation, rules, goneSince }];
}
