import { denyTable, type DenyRule, type DenyTable } from "./deny-table.ts";
import type { ReadPolicy } from "./read-policy.ts";

/**
 * How long a policy counts after it was deleted, and a rule after it was taken out of its policy. Somebody may have done it by mistake, and what
 * heals that takes a minute: pods must not get through meanwhile.
 */
const KEPT_MS = 2 * 60_000;
/** Somebody who edits a policy without pause must not fill the kernel's tables. */
const FORMER_MAX = 8;

/** Rules that were a policy's. `since`: when they were not any more, milliseconds since 1970. */
export type FormerRules = { readonly rules: readonly DenyRule[]; readonly since: number };

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
  /** What it denied lately, oldest first: it still counts. */
  readonly former?: readonly FormerRules[];
};

/** What is kept from one look to the next. */
export type KeptPolicies = { readonly policies: readonly KeptPolicy[]; readonly table: DenyTable; readonly fault?: string };

/** Nothing was ever seen. */
export const NO_POLICIES: KeptPolicies = { policies: [], table: new Map() };

/**
 * What counts after another look. A policy that is not understood keeps its last rules; one that is gone, and rules that were taken out of one, count
 * for two minutes more; what altogether has no room in the kernel leaves everything as it was. Pure. @param seen undefined: could not look
 * @param now milliseconds since 1970.
 */
export function keepPolicies(before: KeptPolicies, seen: readonly ReadPolicy[] | undefined, now: number): KeptPolicies {
  if (seen === undefined) return before;
  const policies = [...seen.map((policy) => renewed(policy, before, now)), ...before.policies.flatMap((policy) => gone(policy, seen, now))];
  policies.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (JSON.stringify(policies) === JSON.stringify(before.policies)) return before;
  const worked = denyTable(policies.flatMap(({ rules, former = [] }) => [rules, ...former.map((one) => one.rules)].flat()));
  return "table" in worked ? { policies, table: worked.table } : { policies, table: before.table, fault: worked.fault };
}

function renewed(policy: ReadPolicy, { policies }: KeptPolicies, now: number): KeptPolicy {
  const { name } = policy;
  const before = policies.find((kept) => kept.name === name);
  const former = recent(before?.former ?? [], now);
  if ("fault" in policy)
    return { name, generation: before?.generation ?? policy.generation, rules: before?.rules ?? [], fault: policy.fault, ...some(former) };
  const { generation, rules } = policy;
  const isOther = before !== undefined && before.rules.length > 0 && JSON.stringify(before.rules) !== JSON.stringify(rules);
  const left = isOther ? [...former, { rules: before.rules, since: now }] : former;
  return { name, generation, rules, ...some(left.slice(-FORMER_MAX)) };
}

function gone(policy: KeptPolicy, seen: readonly ReadPolicy[], now: number): KeptPolicy[] {
  if (seen.some(({ name }) => name === policy.name)) return [];
  const { name, generation, rules } = policy;
  const goneSince = soonest(policy.goneSince ?? now, now);
  return isOver(goneSince, now) || rules.length === 0
    ? []
    : [{ name, generation, rules, goneSince, ...some(recent(policy.former ?? [], now)) }];
}

function recent(former: readonly FormerRules[], now: number): readonly FormerRules[] {
  return former.map(({ rules, since }) => ({ rules, since: soonest(since, now) })).filter(({ since }) => !isOver(since, now));
}

/** A clock that was put back must not keep anything for ever. */
function soonest(since: number, now: number): number {
  return Math.min(since, now);
}

function isOver(since: number, now: number): boolean {
  return now - since >= KEPT_MS;
}

function some(former: readonly FormerRules[]): Pick<KeptPolicy, "former"> {
  return former.length === 0 ? {} : { former };
}
