import type { HostRoutingConfigSpec, HostRoutingConfigStatus, HostRoutingNodeSpec, HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { NodeTaint } from "@hostrouting/domain";
import type { EventObject } from "@hostrouting/events";
import type { CiliumAccess } from "./cilium-access.ts";
import type { SandboxFailure } from "./sandbox-failures.ts";
import type { RolloutLease, RolloutLeaseWish } from "./rollout-lease.ts";
import type { V1DaemonSet, V1Node, V1ObjectMeta, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";

/** HostRoutingConfig as it is read. */
export type HostRoutingConfigObject = {
  readonly metadata: V1ObjectMeta;
  readonly spec: HostRoutingConfigSpec;
  readonly status?: HostRoutingConfigStatus;
};
/** HostRoutingNode as it is read. */
export type HostRoutingNodeObject = {
  readonly metadata: V1ObjectMeta;
  readonly spec: HostRoutingNodeSpec;
  readonly status?: HostRoutingNodeStatus;
};

/** Verbs on resources that an identity has. `isComplete` is false when the API server could not name all. */
export type GrantedRules = {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly isComplete: boolean;
};

/** `aheadMs`: by how much the API server's clock is ahead of ours, to a second; undefined when its answer has no date. */
export type ServerVersion = { readonly gitVersion: string; readonly aheadMs: number | undefined };

/** What became of one eviction. A pod that is gone already counts as evicted. */
export type EvictionOutcome = { readonly kind: "Evicted" } | { readonly kind: "Refused"; readonly budget: string };

/** A merge patch of a Node object. It names UID and version, so that only the node that was seen is changed. */
export type NodePatch = {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string | null>>;
    readonly annotations?: Readonly<Record<string, string | null>>;
  };
  readonly spec?: { readonly unschedulable?: boolean | null; readonly taints?: readonly NodeTaint[] };
};

/** A CiliumClusterwideNetworkPolicy; the caller knows what is in it. */
export type PolicyObject = Readonly<Record<string, unknown>>;

/** The policy of a name. `Unsupported`: the API server knows no such kind. */
export type PolicyLookup =
  | { readonly kind: "Absent" }
  | { readonly kind: "Present"; readonly object: PolicyObject }
  | { readonly kind: "Unsupported" };

/** A policy to be written. */
export type PolicyWish = PolicyObject & { readonly metadata: { readonly name: string }; readonly spec: unknown };

/** What is there of the admission policy that taints nodes when they are made. `Unsupported`: the API server knows no such kind. */
export type BirthTaintLookup = { readonly kind: "Unsupported" | "Absent" | "InSync" | "Drifted" | "Foreign" };

/** Something that ends when it is closed. */
export type Closable = { close(): void };

/**
 * One managed cluster's API server, as far as the rollout uses it. Every call is bounded in time and throws AppError: `kube.unreachable`
 * (no answer, or 5xx), `kube.forbidden` (401, 403), `kube.not-found` (404), `kube.conflict` (409), `kube.throttled` (429), `kube.webhook-away` (500 for an admission webhook that does not answer),
 * `kube.refused` (any other 4xx). What may rightly be absent is `undefined` instead.
 */
export type ClusterAccess = {
  serverVersion(): Promise<ServerVersion>;
  /** What our own identity may do in a namespace, cluster-wide rights included (SelfSubjectRulesReview). */
  grantedRules(namespace: string): Promise<GrantedRules>;
  listNodes(): Promise<readonly V1Node[]>;
  listNodeObjects(): Promise<readonly HostRoutingNodeObject[]>;
  readConfig(): Promise<HostRoutingConfigObject | undefined>;
  readBundle(): Promise<V1DaemonSet | undefined>;
  listBundlePods(): Promise<readonly V1Pod[]>;
  listPodsOn(node: string): Promise<readonly V1Pod[]>;
  /** What kubelets said within the last hour of pods whose sandbox they could not make, whatever became of the pods since. */
  listSandboxFailures(): Promise<readonly SandboxFailure[]>;
  /** Hands over every pod of the cluster, page by page, so that nobody need hold them all. */
  eachPodPage(onPage: (pods: readonly V1Pod[]) => void): Promise<void>;
  listBudgets(): Promise<readonly V1PodDisruptionBudget[]>;
  readRolloutLease(): Promise<RolloutLease | undefined>;
  /** Only over the version that was seen, whatever is written; answers what is there now: `kube.conflict` when somebody wrote since; `kube.not-found` when the namespace is missing. */
  writeRolloutLease(wish: RolloutLeaseWish): Promise<RolloutLease>;
  readPolicy(name: string): Promise<PolicyLookup>;
  /**
   * Server-side apply of a whole policy; fields that the API server does not know are refused, never dropped. `force`: fields of others as well.
   * `replaceVersion`: first the specification as a whole is replaced over this version, since an apply leaves what others have added.
   */
  applyPolicy(policy: PolicyWish, how: { readonly force: boolean; readonly replaceVersion: string | undefined }): Promise<void>;
  deletePolicy(name: string): Promise<void>;
  /** @param osImages regular expression (RE2) of the operating systems whose nodes are tainted, of what kubelets say at their registration */
  readBirthTaint(osImages: string): Promise<BirthTaintLookup>;
  /**
   * Makes the admission policy and its binding, or replaces ours as a whole, over what was read of them last; answers what is there now.
   * @throws AppError `kube.refused` for somebody else's of that name
   */
  applyBirthTaint(osImages: string): Promise<BirthTaintLookup>;
  removeBirthTaint(): Promise<void>;
  /** Server-side apply of every field of the spec that is ours; `emergencyOff` belongs to the cluster's operator and is left out. */
  applyConfig(spec: Omit<HostRoutingConfigSpec, "emergencyOff">): Promise<void>;
  applyBundle(manifest: V1DaemonSet): Promise<void>;
  /** As `applyBundle`, but nothing is kept: what admission says is all that comes of it. */
  tryBundle(manifest: V1DaemonSet): Promise<void>;
  deleteBundle(): Promise<void>;
  /** Server-side apply of a node's object, owned by the Node so that it goes with it. */
  applyNodeObject(node: { readonly name: string; readonly uid: string }, spec: HostRoutingNodeSpec): Promise<void>;
  deleteNodeObject(name: string): Promise<void>;
  patchNode(name: string, patch: NodePatch): Promise<void>;
  /** Asks for an eviction; PodDisruptionBudgets decide. */
  evict(pod: { readonly namespace: string; readonly name: string; readonly uid: string }): Promise<EvictionOutcome>;
  deletePod(namespace: string, name: string): Promise<void>;
  /** The cluster's own Cilium, where there is one. */
  readonly cilium: CiliumAccess;
  /** Makes an Event; one of its name that is there already shows the series from now on. */
  writeEvent(event: EventObject): Promise<void>;
  /**
   * Calls back whenever nodes, node objects, the configuration, the bundle, its pods or a policy of this name may have changed, until closed. Carries nothing.
   * Meanwhile these are read from what lists and watches told: never older than our own last write, and asked for when that is not certain.
   */
  watch(policy: string, onChange: () => void): Closable;
  close(): void;
};
