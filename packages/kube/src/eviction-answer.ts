import type { EvictionOutcome } from "./cluster-access.ts";

type Cause = { readonly reason?: string; readonly message?: string };

/** The name of the budget in the API server's words, e.g. "The disruption budget web needs 3 healthy pods and has 3 currently". */
function budgetIn(cause: Cause): string | undefined {
  return /disruption budget ([a-z0-9.-]+)/.exec(cause.message ?? "")?.[1];
}

/**
 * What an answer to an eviction means, or nothing if it is a fault: 404 is a pod that is gone, 429 a budget (or its cool-down), 500 with a
 * word of budgets a pod under more than one of them.
 */
export function evictionOutcome(status: number, body: unknown, namespace: string): EvictionOutcome | undefined {
  if ((status >= 200 && status < 300) || status === 404) return { kind: "Evicted" };
  const given = (body ?? {}) as { readonly message?: string; readonly details?: { readonly causes?: readonly Cause[] } };
  if (status === 500 && /more than one PodDisruptionBudget/.test(given.message ?? ""))
    return { kind: "Refused", budget: `several PodDisruptionBudgets of namespace ${namespace}` };
  if (status !== 429) return undefined;
  const name = (given.details?.causes ?? []).map(budgetIn).find((found) => found !== undefined);
  return { kind: "Refused", budget: name === undefined ? `a PodDisruptionBudget of namespace ${namespace}` : `${namespace}/${name}` };
}
