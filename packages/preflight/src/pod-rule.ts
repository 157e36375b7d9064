import type { Driver } from "@hostrouting/domain";
import type { ClusterFacts, PodFacts } from "./facts.ts";
import { failed, passed, unknown, type Outcome } from "./rule.ts";

/** Drivers under which the rights to list pods are asked for (PF-054). */
export const podReaders: readonly Driver[] = ["bundle", "cilium"];

/** Pods that a finding names: its text goes into the cluster's status, and the fiftieth tells nothing that the first did not. */
const NAMED_MAX = 50;

/** Fails for these pods, if there are any. `evidence`: what was seen of one. */
export function withoutPods(message: string, pods: readonly PodFacts[], evidence: (pod: PodFacts) => string): Outcome {
  if (pods.length === 0) return passed();
  const named = pods.slice(0, NAMED_MAX);
  const more = pods.length - named.length;
  return failed(
    more === 0 ? message : `${message} ${more} more pods are not named.`,
    named.map(({ name }) => `pod ${name}`),
    named.map((pod) => `${pod.name}: ${evidence(pod)}`).join("; "),
  );
}

/** Judges the pods, once they are read. */
export function overPods({ pods }: ClusterFacts, judge: (pods: readonly PodFacts[]) => Outcome): Outcome {
  return pods.known ? judge(pods.value) : unknown(`The pods could not be read: ${pods.because}`);
}
