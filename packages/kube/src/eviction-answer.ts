import type { EvictionOutcome } from "./cluster-access.ts";

type Cause = { readonly reason?: string; readonly message?: string };

/** The name of the budget in the API server's words, e.g. "The disruption budget web needs 3 healthy pods and has 3 currently". */
function budgetIn(cause: Cause): string | undefined {
  return /disruption budget ([a-z0-9.-]+)/.exec(cause.message ?? "")?.[1];
}

/**
 * What an answer to an eviction means, or nothing if it is a fault: 404 is a pod that is gone, 429 with a word of budgets a budget (or its
 * cool-down), 500 with one a pod under more than one of them. 429 alone is an API server that has too much to do (priority and fairness), which
 * no budget can help (pkg/registry/core/pod/storage/eviction.go names its cause).
 */
export function evictionOutcome(status: number, body: unknown, namespace: string): EvictionOutcome | undefined {
  if ((status >= 200 && status < 300) || status === 404) return { kind: "Evicted" };
  const given = (body ?? {}) as { readonly message?: string; readonly details?: { readonly causes?: readonly Cause[] } };
  if (status === 500 && /more than one PodDisruptionBudget/.test(given.message ?? ""))
    return { kind: "Refused", budget: `several PodDisruptionBudgets of namespace ${namespace}` };
  const causes = given.details?.causes ?? [];
  const isBudget = causes.some(({ reason }) => reason === "DisruptionBudget") || /disruption budget/.test(given.message ?? "");
  if (status !== 429 || !isBudget) return undefined;
  const name = causes.map(budgetIn).find((found) => found !== undefined);
  return { kind: "Refused", budget: name === undefined ? `a PodDisruptionBudget of namespace ${namespace}` : `${namespace}/${name}` };
}
