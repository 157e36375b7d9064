import type { ClusterAccess } from "@hostrouting/kube";
import type { EvictionRefusal, PodReference } from "@hostrouting/rollout";

/** Evictions asked for at once on one node (rollout B6, N5). */
const EVICTIONS_AT_ONCE_MAX = 10;

/** Asks for the eviction of a node's pods and returns what budgets refused; a refused pod is asked for again in the next round. */
export async function evictPods(access: ClusterAccess, node: string, pods: readonly PodReference[]): Promise<readonly EvictionRefusal[]> {
  const refusals: EvictionRefusal[] = [];
  const waiting = [...pods];
  const worker = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
      const outcome = await access.evict(pod);
      if (outcome.kind === "Refused") refusals.push({ node, pod: `${pod.namespace}/${pod.name}`, budget: outcome.budget });
    }
  };
  await Promise.all(Array.from({ length: Math.min(EVICTIONS_AT_ONCE_MAX, pods.length) }, worker));
  return refusals;
}
