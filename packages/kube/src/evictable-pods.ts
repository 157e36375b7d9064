import type { V1Pod } from "@kubernetes/client-node";

const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/**
 * The pods that must leave a node before it is switched: not those of DaemonSets (they would come back at once), not mirror pods (they
 * belong to the kubelet's own files), not those that have ended. Pods that are on their way out still count until they are gone.
 */
export function evictablePods(
  pods: readonly V1Pod[],
): readonly { readonly namespace: string; readonly name: string; readonly uid: string }[] {
  return pods
    .filter((pod) => {
      const phase = pod.status?.phase;
      const controlled = pod.metadata?.ownerReferences?.some((owner) => owner.kind === "DaemonSet" && owner.controller === true) ?? false;
      return !controlled && pod.metadata?.annotations?.[MIRROR_ANNOTATION] === undefined && phase !== "Succeeded" && phase !== "Failed";
    })
    .map((pod) => ({ namespace: pod.metadata?.namespace ?? "", name: pod.metadata?.name ?? "", uid: pod.metadata?.uid ?? "" }));
}
