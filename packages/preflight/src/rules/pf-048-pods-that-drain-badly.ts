import type { PodFacts } from "../facts.ts";
import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { skipped, warns, type Rule } from "../rule.ts";

/** What a pod loses, or costs, when its node is drained. */
function troubles(pod: PodFacts, drainTimeoutMs: number): readonly string[] {
  return [
    ...(pod.controller === "" ? ["no controller brings it back"] : []),
    ...(pod.hasLocalData ? ["data in an emptyDir are gone"] : []),
    ...(pod.graceSeconds * 1_000 > drainTimeoutMs ? [`takes up to ${pod.graceSeconds} s to end`] : []),
    ...(pod.isPinned ? ["asks not to be evicted"] : []),
  ];
}

/** PF-048: where nodes are drained, pods come back elsewhere as they were, and in time. */
export const podsThatDrainBadly: Rule = {
  id: "PF-048",
  title: "Pods take being evicted well",
  severity: warns,
  drivers: podReaders,
  remedy:
    "Give these pods a controller and a volume where they need them, or raise `rolloutPolicy.drainTimeoutMs`; or switch in place, which moves no pod.",
  check(facts) {
    if (facts.nodeAction === "SwitchInPlace") return skipped("No node is drained.");
    return overPods(facts, (pods) =>
      withoutPods(
        "Pods lose something when their node is drained.",
        pods.filter((pod) => pod.leaves && troubles(pod, facts.drainTimeoutMs).length > 0),
        (pod) => troubles(pod, facts.drainTimeoutMs).join(", "),
      ),
    );
  },
};
