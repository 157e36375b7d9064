import type { Timers } from "@hostrouting/runtime";
import type { V1DaemonSet, V1Node, V1Pod } from "@kubernetes/client-node";
import type { ApiClient } from "./api-client.ts";
import type { Collection, Versioned } from "./api-watch.ts";
import type { Closable, HostRoutingConfigObject, HostRoutingNodeObject, PolicyObject } from "./cluster-access.ts";
import { policyCollection } from "./cluster-policy.ts";
import { CollectionCache } from "./collection-cache.ts";
import { API_VERSION, BUNDLE_NAME, BUNDLE_NAMESPACE, BUNDLE_SELECTOR, CONFIG_NAME, DIGEST_ANNOTATION } from "./names.ts";
import type { ServerSigns } from "./server-signs.ts";

/** Paths of the collections that rounds read. */
export const NODES = "/api/v1/nodes";
export const BUNDLE_PODS = `/api/v1/namespaces/${BUNDLE_NAMESPACE}/pods`;
export const DAEMONSETS = `/apis/apps/v1/namespaces/${BUNDLE_NAMESPACE}/daemonsets`;
export const CONFIGS = `/apis/${API_VERSION}/hostroutingconfigs`;
export const NODE_OBJECTS = `/apis/${API_VERSION}/hostroutingnodes`;

const BUNDLE_LABELS = Object.entries(BUNDLE_SELECTOR)
  .map(([key, value]) => `${key}=${value}`)
  .join(",");

/** Collections that hold what a round reads, and nothing else that can be left out. */
export const collections = {
  nodes: { path: NODES },
  nodeObjects: { path: NODE_OBJECTS },
  configs: { path: CONFIGS, fieldSelector: `metadata.name=${CONFIG_NAME}` },
  bundles: { path: DAEMONSETS, fieldSelector: `metadata.name=${BUNDLE_NAME}` },
  bundlePods: { path: BUNDLE_PODS, labelSelector: BUNDLE_LABELS },
} as const satisfies Record<string, Collection>;

type Metadata = { readonly managedFields?: unknown };

function withoutManagers<T extends { readonly metadata?: Metadata }>(object: T): T {
  const { managedFields: _who, ...metadata } = object.metadata ?? {};
  return { ...object, metadata };
}

/** The list of a node's images is most of it. */
function keepNode(node: V1Node): V1Node {
  const { images: _all, ...status } = node.status ?? {};
  return withoutManagers({ ...node, status });
}

/** Where a pod of the bundle is, whose it is and what its kubelet says of it: a tenth of the whole. */
function keepBundlePod({ metadata = {}, spec, status }: V1Pod): V1Pod {
  const { name = "", namespace = "", uid = "", resourceVersion = "", deletionTimestamp, annotations } = metadata;
  const [container] = status?.containerStatuses ?? [];
  const digest = annotations?.[DIGEST_ANNOTATION];
  return {
    metadata: {
      ...{ name, namespace, uid, resourceVersion },
      ...(deletionTimestamp && { deletionTimestamp }),
      ...(digest !== undefined && { annotations: { [DIGEST_ANNOTATION]: digest } }),
    },
    spec: { nodeName: spec?.nodeName ?? "", containers: [] },
    status: {
      conditions: (status?.conditions ?? []).filter(({ type }) => type === "Ready"),
      ...(container && { containerStatuses: [container] }),
    },
  };
}

/** The object of a policy as a cache has it. */
type CachedPolicy = PolicyObject & Versioned;

/** Caches of what rounds read, each open until all are closed. */
export type ClusterCaches = {
  readonly nodes: CollectionCache<V1Node>;
  readonly nodeObjects: CollectionCache<HostRoutingNodeObject>;
  readonly configs: CollectionCache<HostRoutingConfigObject>;
  readonly bundles: CollectionCache<V1DaemonSet>;
  readonly bundlePods: CollectionCache<V1Pod>;
  readonly policies: CollectionCache<CachedPolicy>;
  readonly policyName: string;
  readonly closable: Closable;
};

/** What caches of a cluster are opened with. `policy`: the name of the one policy that is kept. */
export type CachesWish = {
  readonly client: ApiClient;
  readonly timers: Timers;
  readonly signs: ServerSigns;
  readonly policy: string;
  readonly onChange: () => void;
};

/** Opens the caches of a cluster. */
export function openClusterCaches({ client, timers, signs, policy, onChange }: CachesWish): ClusterCaches {
  const open = <T extends Versioned>(collection: Collection, keep: (object: T) => T): CollectionCache<T> =>
    new CollectionCache<T>({ client, timers, collection, keep, onChange, onSign: () => signs.heard(), onLoss: () => signs.lost() });
  const caches = {
    nodes: open<V1Node>(collections.nodes, keepNode),
    nodeObjects: open<HostRoutingNodeObject>(collections.nodeObjects, withoutManagers),
    configs: open<HostRoutingConfigObject>(collections.configs, withoutManagers),
    bundles: open<V1DaemonSet>(collections.bundles, withoutManagers),
    bundlePods: open<V1Pod>(collections.bundlePods, keepBundlePod),
    // Who manages which of its fields is what its drift is told by.
    policies: open<CachedPolicy>(policyCollection(policy), (object) => object),
  };
  return { ...caches, policyName: policy, closable: { close: () => Object.values(caches).forEach((cache) => cache.close()) } };
}
