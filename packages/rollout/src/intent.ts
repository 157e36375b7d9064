import type { NodeName, NodeTaint, NodeUid } from "@hostrouting/domain";
import type { Bundle, ClusterObservation, NodeSpec, PodReference } from "./snapshot.ts";

/** The complete desired HostRoutingConfig, but for what belongs to the cluster's operator (`emergencyOff`). */
export type ConfigIntent = {
  readonly kind: "ApplyConfig";
  readonly mode: NonNullable<ClusterObservation["config"]>["mode"];
  readonly generation: number;
  readonly bundleDigest: string;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly rulesetVersion: string;
};

/**
 * Changes to one Node object, written at once and only over the version that was seen: a node that changed meanwhile is looked at again.
 * Absent members stay as they are.
 */
export type PatchNodeIntent = {
  readonly kind: "PatchNode";
  readonly node: NodeName;
  readonly uid: NodeUid;
  readonly resourceVersion: string;
  readonly labelled?: boolean;
  /** Whether somebody's rules are on it that host routing would pass by; null removes the label. */
  readonly userRules?: boolean | null;
  /** `<operation>/<token>`; null removes it. */
  readonly owner?: string | null;
  /** Cordons in the name of an operation; null uncordons and removes the name. */
  readonly cordonedBy?: string | null;
  /** All taints that are to be there. */
  readonly taints?: readonly NodeTaint[];
  /** Keeps the autoscaler from taking it away, in the name of an operation; null takes both back. */
  readonly scaleDownHeldBy?: string | null;
};

/** A node's CiliumNodeConfig, whole: overrides for `BpfVeth`, none else. `replacesPod`: UID of the agent's pod that must be gone before it is in force. */
export type NodeConfigIntent = {
  readonly kind: "WriteNodeConfig";
  readonly node: NodeName;
  readonly uid: NodeUid;
  readonly hostname: string;
  readonly spec: NodeSpec;
  readonly replacesPod: string;
};

/** What is to be done to the cluster. Data only; each is safe to do twice, and one that fails is simply decided again. */
export type Intent =
  | { readonly kind: "EnsureBundle"; readonly bundle: Bundle }
  | { readonly kind: "RemoveBundle" }
  /** Deletes the pod of a node's agent; its DaemonSet makes another. */
  | { readonly kind: "RestartAgent"; readonly node: NodeName; readonly namespace: string; readonly pod: string }
  | ConfigIntent
  | { readonly kind: "WriteNodeSpec"; readonly node: NodeName; readonly uid: NodeUid; readonly spec: NodeSpec }
  | { readonly kind: "DeleteNodeObject"; readonly node: string }
  | NodeConfigIntent
  | { readonly kind: "DeleteNodeConfig"; readonly node: string }
  | PatchNodeIntent
  /** Makes the managed policy, or puts it right. `replaceVersion`: what others added goes first, over this version only. */
  | { readonly kind: "ApplyPolicy"; readonly force: boolean; readonly replaceVersion: string | undefined }
  /** Makes the admission policy that taints nodes when they are made, or puts it right. */
  | { readonly kind: "ApplyBirthTaint" }
  | { readonly kind: "RemoveBirthTaint" }
  | { readonly kind: "RemovePolicy"; readonly name: string }
  | { readonly kind: "EvictPods"; readonly node: NodeName; readonly pods: readonly PodReference[] };
