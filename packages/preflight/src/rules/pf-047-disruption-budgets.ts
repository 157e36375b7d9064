import type { BudgetFacts, PodFacts } from "../facts.ts";
import { overPods, podReaders } from "../pod-rule.ts";
import { failed, passed, skipped, unknown, warns, type Outcome, type Rule } from "../rule.ts";

/** Why a budget will hold up whoever drains a node, or nothing. Pure. */
export function whyBlocked(budget: BudgetFacts): string | undefined {
  const { disruptionsAllowed, expectedPods, currentHealthy, desiredHealthy } = budget;
  if (expectedPods === 0 || disruptionsAllowed > 0) return undefined;
  if (desiredHealthy >= expectedPods) return `asks for ${desiredHealthy} of ${expectedPods} pods, so that none may ever leave`;
  return `allows no disruption now: ${currentHealthy} of ${expectedPods} pods are healthy, ${desiredHealthy} must be`;
}

function judge(budgets: readonly BudgetFacts[], pods: readonly PodFacts[]): Outcome {
  const blocked = budgets.flatMap((budget) => {
    const why = whyBlocked(budget);
    return why === undefined ? [] : [{ subject: `budget ${budget.name}`, why: `${budget.name} ${why}` }];
  });
  // An eviction of a pod with two budgets is answered with 500 for ever.
  const twice = [...new Set(pods.filter((pod) => pod.leaves && pod.budgets.length > 1).map((pod) => pod.budgets.join(" and ")))];
  if (blocked.length + twice.length === 0) return passed();
  return failed(
    "Budgets will keep nodes from being drained.",
    [...blocked.map(({ subject }) => subject), ...twice.map((names) => `budgets ${names}`)],
    [...blocked.map(({ why }) => why), ...twice.map((names) => `${names} keep the same pods`)].join("; "),
  );
}

/** PF-047: where nodes are drained, PodDisruptionBudgets let their pods leave. */
export const disruptionBudgets: Rule = {
  id: "PF-047",
  title: "Budgets let pods leave",
  severity: warns,
  drivers: podReaders,
  remedy: "Add replicas, lower `minAvailable`, repair the pods that are not healthy, or leave one budget only to each pod.",
  check(facts) {
    if (facts.nodeAction === "SwitchInPlace") return skipped("No node is drained.");
    const { budgets } = facts;
    if (!budgets.known) return unknown(`The budgets could not be read: ${budgets.because}`);
    return overPods(facts, (pods) => judge(budgets.value, pods));
  },
};
