/** Group and version of our custom resources. */
export const API_GROUP = "hostrouting.acns.azure.com";
export const API_VERSION = `${API_GROUP}/v1alpha1`;
/** Name of the one HostRoutingConfig. */
export const CONFIG_NAME = "default";

/** Where the bundle lives. */
export const BUNDLE_NAMESPACE = "acns-hostrouting";
/** Name of its DaemonSet, of its ServiceAccount and of its pods' label. */
export const BUNDLE_NAME = "hostrouting-agent";
/** Label by which the bundle's pods are found. */
export const BUNDLE_SELECTOR = { "app.kubernetes.io/name": BUNDLE_NAME } as const;
/** Annotation of DaemonSet and pods: the digest of the bundle that they run. */
export const DIGEST_ANNOTATION = `${API_GROUP}/bundle-digest`;

/** Name of the Lease, in the bundle's namespace, that says which worker may write to the cluster. */
export const ROLLOUT_LEASE_NAME = "rollout-worker";

/** Label of a node that routes by eBPF; a result, never a cause. */
export const ENABLED_LABEL = "kubernetes.azure.com/ebpf-host-routing";
/** Label of a node whose packet filter rules were judged: `true` when somebody's would be passed by, `false` when none would. */
export const USER_RULES_LABEL = "kubernetes.azure.com/user-iptables-rules";
/** Annotation of a node that is being worked on: `<operation>/<token>`. */
export const OWNER_ANNOTATION = `${API_GROUP}/rollout-owner`;
/** Annotation of a node that we cordoned: the operation. A server-side cordon does not show who set it. */
export const CORDONED_BY_ANNOTATION = `${API_GROUP}/cordoned-by`;
/** Annotation by which the cluster autoscaler leaves a node alone; anybody may set it. */
export const SCALE_DOWN_ANNOTATION = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
/** Annotation of a node of which that one is ours: the operation. Both are written at once, so that it is never somebody else's that is removed. */
export const SCALE_DOWN_HELD_ANNOTATION = `${API_GROUP}/scale-down-held-by`;

/** Field managers, so that `managedFields` shows which part of us wrote what. */
export const MANIFEST_MANAGER = "acns-hostrouting-controller";
export const ROLLOUT_MANAGER = "acns-hostrouting-rollout";

/** Where a cluster's own Cilium lives: its agents, its configuration, and the objects that override it for single nodes. */
export const CILIUM_NAMESPACE = "kube-system";
/** ConfigMap with its configuration of the whole cluster; read, never written. */
export const CILIUM_CONFIG_NAME = "cilium-config";
/** Label by which its agents' pods are found, and their container. */
export const CILIUM_AGENT_SELECTOR = { "k8s-app": "cilium" } as const;
export const CILIUM_AGENT_CONTAINER = "cilium-agent";
/** Label of the CiliumNodeConfigs that are ours. */
export const CILIUM_OURS_LABEL = { "app.kubernetes.io/managed-by": "acns-hostrouting" } as const;
/** Annotation of such an object: what its node is asked for, as JSON. Cilium reads the overrides only. */
export const CILIUM_ORDER_ANNOTATION = `${API_GROUP}/order`;
/** Name of a node's object begins with this; Cilium takes objects by their names, the last one wins. */
export const CILIUM_OBJECT_PREFIX = "acns-hostrouting-";
