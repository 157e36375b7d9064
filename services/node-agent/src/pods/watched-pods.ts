import type { Logger } from "@hostrouting/runtime";
import type { ClusterApi } from "../kube/cluster-api.ts";
import { watchCollection } from "../kube/watched-collection.ts";
import {
  readNamespaceChoice,
  readNodePod,
  stayReason,
  type NodePod,
  type PodHealth,
  type PodIdentity,
  type StayReason,
} from "./node-pod.ts";

/** A pod of this node with what is to be done about it. */
export type KnownPod = NodePod & { stay: StayReason | undefined };

/** This node's pods. `known()`: undefined = the list has not been read yet, and nothing must wait for it. */
export type WatchedPods = { known(): readonly (KnownPod & PodIdentity & PodHealth)[] | undefined; stop(): Promise<void> };

/** Follows the pods of a node, and the namespaces' word about them. Namespaces that are not known yet say nothing. */
export function watchPods(options: {
  api: Pick<ClusterApi, "get" | "watch">;
  nodeName: string;
  logger: Logger;
  onChange: () => void;
}): WatchedPods {
  const { nodeName, ...rest } = options;
  const selector = `fieldSelector=spec.nodeName%3D${encodeURIComponent(nodeName)}`;
  const pods = watchCollection({ ...rest, collection: "/api/v1/pods", selector, read: readNodePod });
  const namespaces = watchCollection({ ...rest, collection: "/api/v1/namespaces", read: readNamespaceChoice });
  return {
    known: () => pods.items()?.map((pod) => ({ ...pod, stay: stayReason(pod, namespaces.items() ?? []) })),
    async stop() {
      await Promise.all([pods.stop(), namespaces.stop()]);
    },
  };
}
