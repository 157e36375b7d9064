import type {
  ClusterProfile,
  Driver,
  Instant,
  MaintenanceConfigurations,
  PolicyMode,
  ProvisioningState,
  RolloutPolicy,
} from "@hostrouting/domain";
import type { ResourceRule } from "./worker-permissions.ts";

/** A fact that could be read, or why it could not; never a guess. */
export type Known<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly because: string };

/** A pod that has not ended, as far as preflight cares. */
export type PodFacts = {
  /** Namespace and name, with a slash between them. */
  readonly name: string;
  /** Name of its node; empty while it has none. */
  readonly node: string;
  /** Kind and name of its controller, with a slash between them; empty when it has none. */
  readonly controller: string;
  /** What it says that it is: the first of the labels `k8s-app`, `app.kubernetes.io/name`, `app` and `name`. */
  readonly app: string;
  readonly images: readonly string[];
  readonly runtimeClass: string;
  readonly hostPorts: readonly number[];
  /** It is in its node's own network. */
  readonly hostNetwork: boolean;
  /** Whether it leaves a node that is drained: pods of DaemonSets and of the kubelet's own files stay. */
  readonly leaves: boolean;
  /** It has data on its node (`emptyDir` that is not memory) that are gone with it. */
  readonly hasLocalData: boolean;
  /** It asks not to be evicted (`cluster-autoscaler.kubernetes.io/safe-to-evict: "false"`). */
  readonly isPinned: boolean;
  readonly graceSeconds: number;
  /** How Istio gets hold of its traffic: as a part of an ambient mesh, by a sidecar's init container, or not at all. */
  readonly mesh: "Ambient" | "Sidecar" | "None";
  /** PodDisruptionBudgets that keep it, by name. */
  readonly budgets: readonly string[];
  /** What it asks for: thousandths of a processor, bytes. */
  readonly cpuMilli: number;
  readonly memoryBytes: number;
};

/** A PodDisruptionBudget, as the API server reckons it up. */
export type BudgetFacts = {
  /** Namespace and name, with a slash between them. */
  readonly name: string;
  readonly disruptionsAllowed: number;
  readonly expectedPods: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
};

/** A node as its API server and, when it reports, its agent describe it. */
export type NodeFacts = {
  readonly name: string;
  /** Label `kubernetes.azure.com/agentpool`; empty when the node has none. */
  readonly pool: string;
  /** Label `kubernetes.io/os`; empty when the node has none. */
  readonly os: string;
  /** Label `kubernetes.azure.com/os-sku-effective`; empty when the node has none. */
  readonly osSkuEffective: string;
  /** `status.nodeInfo.osImage`. */
  readonly osImage: string;
  /** Label `kubernetes.azure.com/upgrade-status`, which AKS puts on nodes that an upgrade could not drain; empty when the node has none. */
  readonly upgradeStatus: string;
  /** Label `node.kubernetes.io/instance-type`; empty when the node has none. */
  readonly instanceType: string;
  readonly kubeletVersion: string;
  /** `status.nodeInfo.kernelVersion`; empty until the kubelet has reported. */
  readonly kernelVersion: string;
  /** When the Node object was made, ms since 1970, UTC. */
  readonly createdAtMs: number | undefined;
  readonly ready: boolean;
  readonly cordoned: boolean;
  /** What pods may ask for on it: thousandths of a processor, bytes; undefined until the kubelet has reported. */
  readonly allocatable: { readonly cpuMilli: number; readonly memoryBytes: number } | undefined;
  /** `ID` and `VERSION_ID` of the node's own os-release, once its agent has reported. */
  readonly agentOs: { readonly id: string; readonly versionId: string } | undefined;
  /** What the node's agent says must hold before packets may pass the stack by; undefined until it has looked. */
  readonly preconditions:
    | readonly { readonly name: string; readonly outcome: "Passed" | "Failed" | "Unknown"; readonly message: string }[]
    | undefined;
  /**
   * How the guard can refuse rules on this kernel, by its agent's own trial: as a security module, by `fmod_ret`, not at all but seeing them
   * (`Audit`), or neither; undefined where the agent does not say.
   */
  readonly guardRung: "Lsm" | "FmodRet" | "Audit" | "Unsupported" | undefined;
  /** What the agent's scan of the packet filter found; undefined until it has scanned. */
  readonly scan:
    | {
        /** Version of the node's image; empty where that is none that the agent's list knows, undefined until it has read the label. */
        readonly image: string | undefined;
        /** Family, table and chain of what stands in nftables' own tables and would be passed by. */
        readonly ownTables: readonly string[];
        /** Why nftables could not be read; undefined where it was. */
        readonly unread: string | undefined;
      }
    | undefined;
  /** Its pods' TCP connections that are older than half a minute, by its agent's census; undefined where there is none. */
  readonly connections: { readonly longLived: number | undefined } | undefined;
  /** Whether the node has the bundle's image, as its kubelet says; undefined while it has no pod of the bundle. */
  readonly bundleImage: { readonly state: "Pulled" | "NotPulled" | "Refused"; readonly message: string } | undefined;
  /** What the agent says of ip-masq-agent's configuration; undefined where it does not say. */
  readonly masqueradeConfig: { readonly status: "True" | "False" | "Unknown"; readonly message: string } | undefined;
};

/** What Azure says of a cluster whose nodes it switches (driver `aks-arm`). */
export type AzureFacts = {
  /** What a GET of the cluster comes to. */
  readonly found: "Found" | "NotFound" | "Forbidden";
  /** Names of the locks on the cluster and on its nodes' resource group. */
  readonly locks: Known<readonly string[]>;
  /** Actions of Microsoft.ContainerService that the identity lacks by which Azure is asked. */
  readonly missingActions: Known<readonly string[]>;
  /** Writes of clusters that the subscription may still make now; Azure tells with the answer to a write. */
  readonly writesLeft: Known<number>;
};

/** A Cilium that the cluster brings itself: its configuration, what overrides it, and what its agents say (driver `cilium`). */
export type CiliumFacts = {
  /** ConfigMap `cilium-config`; undefined where there is none. `writers`: who wrote which of its keys, where the API server tells. */
  readonly config:
    | {
        readonly data: Readonly<Record<string, string>>;
        readonly writers: readonly { readonly name: string; readonly keys: readonly string[] }[] | undefined;
      }
    | undefined;
  /** CiliumNodeConfigs that are not ours, in the order of their names, with the nodes that they fit. */
  readonly overrides: readonly {
    readonly name: string;
    readonly defaults: Readonly<Record<string, string>>;
    readonly nodes: readonly string[];
    readonly winsOverOurs: boolean;
  }[];
  /** Nodes with an agent. `hostRouting`: its own word; `isOrdered`: an object of ours is there for the node. */
  readonly agents: readonly {
    readonly node: string;
    readonly hostRouting: "BPF" | "Legacy" | "Unknown";
    readonly readsNodeConfigs: boolean;
    readonly isOrdered: boolean;
  }[];
};

/** Everything that the rules may look at. Whatever could not be read says so. */
export type ClusterFacts = {
  readonly driver: Driver;
  /** The database's time, by which ages are told. */
  readonly now: Instant;
  readonly ruleset: RolloutPolicy["ruleset"];
  readonly nodeAction: RolloutPolicy["nodeAction"];
  readonly drainTimeoutMs: number;
  readonly maxUnavailable: RolloutPolicy["maxUnavailable"];
  /** How long one node may take at worst. */
  readonly nodeTimeoutMs: number;
  /** When nodes may be disturbed, by the policy and by the cluster's own configurations. */
  readonly maintenance: {
    readonly mode: RolloutPolicy["maintenance"];
    readonly minRemainingMinutes: number;
    readonly configurations: MaintenanceConfigurations;
  };
  readonly profile: ClusterProfile;
  readonly provisioningState: ProvisioningState;
  /** Whether the cluster's state comes from the operation that is being executed; that one never counts as "another operation". */
  readonly ownOperation: boolean;
  /** ARM `provisioningState` of each pool that states one. */
  readonly poolStates: Readonly<Record<string, string>>;
  /** `gitVersion` of the API server. */
  readonly serverVersion: Known<string>;
  /** By how much the API server's clock is ahead of ours, ms. */
  readonly clockAheadMs: Known<number>;
  readonly nodes: Known<readonly NodeFacts[]>;
  /** Every pod that has not ended; those of the bundle are left out. */
  readonly pods: Known<readonly PodFacts[]>;
  readonly budgets: Known<readonly BudgetFacts[]>;
  /** What admission says to the bundle's DaemonSet: nothing, or why it is refused. */
  readonly admission: Known<{ readonly refusal: string | undefined }>;
  readonly azure: Known<AzureFacts>;
  readonly policyMode: PolicyMode;
  /** The object of the managed network policy's name: absent or ours, somebody else's, or of a kind that the API server does not know. */
  readonly managedPolicy: Known<"Fine" | "Foreign" | "Unsupported">;
  /** What our own identity may do (SelfSubjectRulesReview). */
  readonly permissions: Known<readonly ResourceRule[]>;
  /** The same in the namespace of the cluster's own Cilium; nothing where the driver is another. */
  readonly ciliumPermissions: Known<readonly ResourceRule[]>;
  readonly cilium: Known<CiliumFacts>;
};
