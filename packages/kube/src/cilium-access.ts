import type { V1ObjectMeta, V1Pod } from "@kubernetes/client-node";

/** A CiliumNodeConfig (cilium.io/v2), as far as it matters here: overrides of `cilium-config` for the nodes that its selector fits. */
export type CiliumNodeConfigObject = {
  readonly metadata: V1ObjectMeta;
  readonly spec: {
    readonly nodeSelector?: {
      readonly matchLabels?: Readonly<Record<string, string>>;
      readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
    };
    readonly defaults?: Readonly<Record<string, string>>;
  };
};

/** Cilium's configuration of the whole cluster, ConfigMap `cilium-config`. */
export type CiliumConfigMap = { readonly metadata: V1ObjectMeta; readonly data: Readonly<Record<string, string>> };

/** A CiliumNodeConfig of ours to be written whole; it goes with its Node. */
export type CiliumNodeConfigWish = {
  readonly node: { readonly name: string; readonly uid: string };
  readonly annotations: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly defaults: Readonly<Record<string, string>>;
};

/**
 * A Cilium that a cluster brings itself, in `kube-system`. Its configuration is read and never written; objects of ours are told by their label. Calls end
 * and fail as those of ClusterAccess.
 */
export type CiliumAccess = {
  readConfig(): Promise<CiliumConfigMap | undefined>;
  /** All of them, ours too; none where the API server knows no such kind. */
  listNodeConfigs(): Promise<readonly CiliumNodeConfigObject[]>;
  listAgents(): Promise<readonly V1Pod[]>;
  /** Makes a node's object, or replaces its overrides as a whole: what somebody added goes. */
  applyNodeConfig(wish: CiliumNodeConfigWish): Promise<void>;
  deleteNodeConfig(node: string): Promise<void>;
  /** What the agent in a pod says of itself: `cilium-dbg status -o json`, run in the pod. */
  agentStatus(pod: string): Promise<string>;
};
