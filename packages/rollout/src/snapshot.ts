import type { AzureLook } from "./azure/azure-look.ts";
import type {
  Bundle,
  Admission,
  ComparedFigures,
  DeviceRefusal,
  FencingToken,
  HostRoutingStatus,
  HostRoutingWarning,
  Instant,
  ManagedCluster,
  ManagedPolicyStatus,
  NodeDisruptionRules,
  NodeName,
  NodeRules,
  NodeRollout,
  NodeTaint,
  NodeUid,
  Operation,
  OperationError,
  PlatformRulesState,
  PreflightAnswers,
  RolloutPolicy,
  RuleFinding,
  StandingRules,
  StepFaults,
} from "@hostrouting/domain";

export type { Bundle };

/** What a node is asked for: `spec` of its HostRoutingNode. */
export type NodeSpec = {
  readonly mode: "Observe" | "BpfVeth" | "Drain" | "None";
  readonly generation: number;
  readonly fencingToken: number;
  readonly operationId: string;
  readonly nodeUID: string;
  readonly bootID: string;
  readonly bundleDigest: string;
  readonly confirmSeconds: number;
  readonly confirmedGeneration: number;
  /** While the node is compared with others: how old its report may get, in seconds. */
  readonly reportSeconds?: number;
};

/** What an agent says that its node's last switch did to connections. Times in whole seconds. */
export type DisruptionFigures = {
  readonly step: "On" | "Confirm" | "Drain" | "Detach";
  readonly flowsAtSwitch: number;
  readonly disrupted: number;
  readonly byReason: { readonly reset: number; readonly timeout: number; readonly connectFailure: number };
  readonly byPod: readonly string[];
  readonly watchedSeconds: number;
  readonly before: { readonly disrupted: number; readonly seconds: number };
};

/** What one flow of an agent's own saw of its node's last switch. */
export type CanaryFigures = { readonly name: string; readonly longestSilenceMs: number; readonly failed: boolean };

/** What a node's agent found among its packet filter rules. `findings` counts them; `rules` and `unread` are the first. */
export type RuleScan = NodeRules & {
  readonly rules: readonly (Omit<RuleFinding, "nodes" | "nodeCount"> & { readonly changedBy: string | undefined })[];
  readonly unread: readonly { readonly source: string; readonly at: string; readonly why: string }[];
};

/** What a node's agent says of it: the part of `status` of its HostRoutingNode on which decisions rest. Absent members were never reported. */
export type NodeReport = {
  readonly observedGeneration: number;
  readonly nodeUID: string;
  readonly bootID: string;
  readonly bundleDigest: string;
  readonly effectiveMode: "BpfVeth" | "Legacy" | "Unknown";
  readonly confirmed: boolean;
  /** It routes by eBPF though nobody of ours ever asked: by the configuration of the cluster's own Cilium. */
  readonly byItself?: boolean | undefined;
  readonly reason: string;
  readonly message: string;
  readonly fastShare: number | undefined;
  readonly stackReasons: readonly { readonly reason: string; readonly packets: number }[];
  readonly refusedDevices: number;
  readonly refusals: readonly DeviceRefusal[];
  /** Absent on a node that was never switched, or where nobody could measure. */
  readonly disruption?: DisruptionFigures | undefined;
  /** Absent from agents that do not count. `longLived`: TCP connections of the node's pods that are older than 30 s, at most. */
  readonly census?: { readonly state: "Known" | "Unknown"; readonly longLived: number; readonly message: string } | undefined;
  /** Absent where the agent has watched no switch. */
  readonly canaries?: readonly CanaryFigures[] | undefined;
  /** What the agent says of its node; absent from an agent of an earlier version. */
  readonly conditions?: readonly ReportedCondition[] | undefined;
  /** Absent until the agent has scanned. */
  readonly scan?: RuleScan | undefined;
  /** Whether the node's own rules deny what our network policy denies, and what they do not. Absent from agents that do not look. */
  readonly platformRules?: { readonly state: PlatformRulesState; readonly missing: readonly string[] } | undefined;
  /** Devices that carry a program of ours. */
  readonly attachedDevices: number;
  readonly probes: readonly { readonly name: string; readonly outcome: "Passed" | "Failed" | "Unknown"; readonly message: string }[];
  /** Absent from agents that do not count, and where they cannot. */
  readonly figures?: ComparedFigures | undefined;
  /** Milliseconds since the epoch on the node's own clock; compared with other times of the same node only. */
  readonly observedAtMs: number | undefined;
  /** It was asked for by us, so its age tells when we asked and not whether the agent is silent: one that does not answer has no report. */
  readonly isAskedFor?: boolean;
};

/** A condition of a node's report. */
export type ReportedCondition = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
};

/** A pod to be evicted before its node is switched. */
export type PodReference = { readonly namespace: string; readonly name: string; readonly uid: string };

/** A node as its API server shows it, with what is asked of it and what its agent reports. */
export type NodeObservation = {
  readonly name: NodeName;
  readonly uid: NodeUid;
  readonly bootId: string;
  readonly resourceVersion: string;
  readonly pool: string;
  /** Whether its pool is of mode System. */
  readonly isSystem: boolean;
  /** `kubernetes.io/hostname`, by which objects select the node. */
  readonly hostname: string;
  /** `topology.kubernetes.io/zone`; empty where there are no zones. */
  readonly zone: string;
  /** Nodes with the same text are alike: pool, OS image, kernel, architecture, node image version. */
  readonly stratum: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** Why host routing cannot be on for it; absent for a node that it can be on for. */
  readonly ineligible: string | undefined;
  /** Operation that cordoned it for us (annotation); absent when nobody of ours did. */
  readonly cordonedBy: string | undefined;
  /** Whether it carries `kubernetes.azure.com/ebpf-host-routing=true`. */
  readonly labelled: boolean;
  /** Value of the label `kubernetes.azure.com/user-iptables-rules`. */
  readonly userRules: string | undefined;
  /** Annotation `rollout-owner`: `<operation>/<token>`. */
  readonly owner: string | undefined;
  /** All of them, in their order: they are written as a whole. */
  readonly taints: readonly NodeTaint[];
  /** `isSet`: somebody said whether the autoscaler may take it away; `heldBy`: the operation that did, absent when it was not one of ours. */
  readonly scaleDown: { readonly isSet: boolean; readonly heldBy: string | undefined };
  readonly spec: NodeSpec | undefined;
  readonly report: NodeReport | undefined;
  /** The agent's pod on this node: the bundle's, or Cilium's own, which has no digest. */
  readonly agentPod:
    | {
        readonly namespace: string;
        readonly name: string;
        readonly uid: string;
        readonly bundleDigest: string;
        readonly ready: boolean;
        readonly deleting: boolean;
      }
    | undefined;
  /** Of an order that is in force only once a pod is gone: that pod's UID; empty when none was seen. Absent where orders need no restart. */
  readonly replacesPod?: string | undefined;
  /** Pods that must leave before a drained switch; absent while nobody asked. */
  readonly podsToEvict: readonly PodReference[] | undefined;
  /** Absent when nothing is known to be wrong, and where nobody looked: only nodes that were just switched are looked at. */
  readonly sandboxes?: SandboxTrouble | undefined;
};

/** A node that is Ready and starts no pods: of those that came to it since its switch none has got a sandbox, and its kubelet says that it cannot make them. */
export type SandboxTrouble = {
  /** The first of them, as namespace/name. */
  readonly pods: readonly string[];
  readonly podCount: number;
  /** The kubelet's words of one. */
  readonly message: string;
};

/**
 * What is there of the admission policy that taints nodes when they are made. `Unsupported`: the API server knows no such kind; `Foreign`: the name
 * is somebody else's; `Unreadable`: nobody could tell.
 */
export type BirthTaintState =
  | { readonly kind: "Unsupported" | "Absent" | "InSync" | "Drifted" | "Foreign" }
  | { readonly kind: "Unreadable"; readonly because: string };

/** A managed cluster as its API server showed it in this round. */
export type ClusterObservation = {
  readonly nodes: readonly NodeObservation[];
  /** Names of the nodes' objects (HostRoutingNodes, or CiliumNodeConfigs of ours), also of those whose node is gone. */
  readonly nodeObjects: readonly string[];
  readonly config:
    | {
        readonly mode: "Observe" | "BpfVeth" | "None";
        readonly generation: number;
        readonly bundleDigest: string;
        readonly emergencyOff: boolean;
      }
    | undefined;
  /** The bundle's DaemonSet; absent when there is none. */
  readonly bundle: { readonly digest: string; readonly image: string; readonly deleting: boolean } | undefined;
  /** Pods of the bundle that still exist, on whatever node. */
  readonly bundlePods: number;
  readonly birthTaint: BirthTaintState;
  /** Rights that the worker goes on without, each with what is not done for want of it; absent where nobody looked. */
  readonly missingRights?: readonly string[] | undefined;
};

/** An observation, or why there is none. */
export type Reach =
  | { readonly kind: "Reachable"; readonly observed: ClusterObservation }
  /** `reason`: `ClusterUnreachable` unless said. */
  | {
      readonly kind: "Unreachable";
      readonly message: string;
      readonly reason?: "LeaseHeldElsewhere" | "StepExhausted" | "ProviderNotReady";
    };

/** What preflight says in this round; asked while validating and preparing only. */
export type PreflightVerdict =
  | { readonly kind: "NotAsked" }
  | { readonly kind: "Passed"; readonly warnings: readonly HostRoutingWarning[] }
  | { readonly kind: "Failed"; readonly error: OperationError }
  | { readonly kind: "Unknown"; readonly error: OperationError };

/** What was found out about the managed network policy; says nothing of whether it is needed. */
export type PolicyVerdict = {
  readonly status: ManagedPolicyStatus;
  /** Whether nodes may rely on it. */
  readonly inPlace: boolean;
  /** Whether an object of ours is there. */
  readonly isOurs: boolean;
  readonly correction: { readonly force: boolean; readonly replaceVersion: string | undefined } | undefined;
  /** When a contested policy is put right again. */
  readonly until: Instant | undefined;
};

/** A disruption budget that refused an eviction in the round before. */
export type EvictionRefusal = { readonly node: string; readonly pod: string; readonly budget: string };

/** Everything that one decision rests on. */
export type ClusterSnapshot = {
  readonly cluster: ManagedCluster;
  readonly operation: Operation | undefined;
  /** Records of the round before, by node UID; they outlive operations. */
  readonly records: readonly NodeRollout[];
  readonly previous: HostRoutingStatus | undefined;
  readonly policy: RolloutPolicy;
  readonly bundle: Bundle;
  /** Pod and Service ranges of the cluster, for the agents. */
  readonly network: { readonly podCidrs: readonly string[]; readonly serviceCidrs: readonly string[] };
  readonly token: FencingToken;
  readonly reach: Reach;
  readonly preflight: PreflightVerdict;
  /** What its rules know, for the next round; undefined where it was not asked. */
  readonly preflightAnswers: PreflightAnswers | undefined;
  /** Whether the operation may begin or go on beside all others; asked for one that wants to only. */
  readonly admission?: Admission | undefined;
  /** What fails again and again; `isExhausted`: no further try without somebody. */
  readonly faults?: (StepFaults & { readonly isExhausted: boolean }) | undefined;
  readonly standing: StandingRules;
  /** When the cluster's owner lets nodes be disturbed. */
  readonly disruption: NodeDisruptionRules;
  /** What shows that the control plane or a pool is being upgraded, as a sentence; absent while nothing does. */
  readonly upgrade?: string | undefined;
  /** Absent where the cluster could not be reached, and with a driver that needs none of ours. */
  readonly managedPolicy: PolicyVerdict | undefined;
  readonly evictionRefusals: readonly EvictionRefusal[];
  /** What Azure says of the cluster; absent with other drivers. */
  readonly azure?: AzureLook | undefined;
};
