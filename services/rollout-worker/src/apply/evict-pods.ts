import type { ClusterAccess } from "@hostrouting/kube";
import type { EvictionRefusal, PodReference } from "@hostrouting/rollout";

/** Evictions asked for at once on one node (rollout B6, N5). */
const EVICTIONS_AT_ONCE_MAX = 10;

/** What became of a node's evictions. `failure`: what the API server said to one of them that is neither done nor refused by a budget. */
export type Evictions = { readonly refusals: readonly EvictionRefusal[]; readonly failure: { readonly error: unknown } | undefined };

/**
 * Asks for the eviction of a node's pods and returns what budgets refused; a refused pod is asked for again in the next round. Ends with the first failure,
 * and as soon as the cluster may be somebody else's.
 */
export async function evictPods(
  { access, mayAct }: { readonly access: Pick<ClusterAccess, "evict">; readonly mayAct: () => boolean },
  node: string,
  pods: readonly PodReference[],
): Promise<Evictions> {
  const refusals: EvictionRefusal[] = [];
  const waiting = [...pods];
  let failure: Evictions["failure"];
  const worker = async (): Promise<void> => {
    while (failure === undefined && mayAct()) {
      const pod = waiting.shift();
      if (pod === undefined) return;
      try {
        const outcome = await access.evict(pod);
        if (outcome.kind === "Refused") refusals.push({ node, pod: `${pod.namespace}/${pod.name}`, budget: outcome.budget });
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(EVICTIONS_AT_ONCE_MAX, pods.length) }, worker));
  return { refusals, failure };
}
