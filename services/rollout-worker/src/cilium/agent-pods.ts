import { CILIUM_NAMESPACE, type V1Pod } from "@hostrouting/kube";
import type { NodeObservation } from "@hostrouting/rollout";
import { isReady } from "./cilium-words.ts";

/** The agent's pod on each node, by the node's name: the one that is not on its way out, if there is one. */
export function agentsByNode(pods: readonly V1Pod[]): ReadonlyMap<string, V1Pod> {
  const leavingFirst = pods.toSorted(
    (a, b) => Number(b.metadata?.deletionTimestamp !== undefined) - Number(a.metadata?.deletionTimestamp !== undefined),
  );
  return new Map(leavingFirst.map((pod) => [pod.spec?.nodeName ?? "", pod]));
}

/** What the engine knows of an agent's pod; it carries no bundle of ours. */
export function agentPodOf(pod: V1Pod | undefined): NodeObservation["agentPod"] {
  return (
    pod && {
      namespace: CILIUM_NAMESPACE,
      name: pod.metadata?.name ?? "",
      uid: pod.metadata?.uid ?? "",
      bundleDigest: "",
      ready: isReady(pod),
      deleting: pod.metadata?.deletionTimestamp !== undefined,
    }
  );
}
