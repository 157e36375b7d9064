import type { CapacityAmount } from "@hostrouting/domain";
import { drainLoad } from "../drain-load.ts";
import type { ClusterFacts, PodFacts } from "../facts.ts";
import { overPods, podReaders } from "../pod-rule.ts";
import { failed, passed, skipped, unknown, warns, type Outcome, type Rule } from "../rule.ts";

function judge(facts: ClusterFacts, pods: readonly PodFacts[]): Outcome {
  if (!facts.nodes.known) return unknown(`The nodes could not be read: ${facts.nodes.because}`);
  const load = drainLoad(facts.nodes.value, pods, facts.maxUnavailable);
  if ("silent" in load) return unknown(`What ${load.silent.join(", ")} can give to pods could not be read.`);
  const { drained, leaving, free } = load;
  if (leaving.cpuMilli <= free.cpuMilli && leaving.memoryBytes <= free.memoryBytes) return passed();
  const mebibytes = (amount: CapacityAmount): number => Math.floor(amount.memoryBytes / 1_048_576);
  return failed(
    `Pods of ${drained.length} nodes that are drained at once would not fit on the others.`,
    drained.map((name) => `node ${name}`),
    `they ask for ${leaving.cpuMilli}m CPU and ${mebibytes(leaving)} MiB, the others have ${free.cpuMilli}m and ${mebibytes(free)} MiB free`,
  );
}

/** PF-049: where nodes are drained, the pods of as many as are drained at once fit on the others. Affinity and the like are the scheduler's. */
export const capacity: Rule = {
  id: "PF-049",
  title: "Room for the pods of drained nodes",
  severity: warns,
  drivers: podReaders,
  remedy: "Add nodes for the time of the rollout, lower `rolloutPolicy.maxUnavailable`, or switch in place, which moves no pod.",
  check(facts) {
    if (facts.nodeAction === "SwitchInPlace") return skipped("No node is drained.");
    return overPods(facts, (pods) => judge(facts, pods));
  },
};
