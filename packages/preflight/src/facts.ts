import type { ClusterProfile, Driver, Instant, PolicyMode, ProvisioningState, RolloutPolicy } from "@hostrouting/domain";
import type { ResourceRule } from "./worker-permissions.ts";

/** A fact that could be read, or why it could not; never a guess. */
export type Known<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly because: string };

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
  /** Label `node.kubernetes.io/instance-type`; empty when the node has none. */
  readonly instanceType: string;
  readonly kubeletVersion: string;
  /** `status.nodeInfo.kernelVersion`; empty until the kubelet has reported. */
  readonly kernelVersion: string;
  /** When the Node object was made, ms since 1970, UTC. */
  readonly createdAtMs: number | undefined;
  readonly ready: boolean;
  readonly cordoned: boolean;
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
};

/** Everything that the rules may look at. Whatever could not be read says so. */
export type ClusterFacts = {
  readonly driver: Driver;
  /** The database's time, by which ages are told. */
  readonly now: Instant;
  readonly ruleset: RolloutPolicy["ruleset"];
  readonly nodeAction: RolloutPolicy["nodeAction"];
  readonly profile: ClusterProfile;
  readonly provisioningState: ProvisioningState;
  /** Whether the cluster's state comes from the operation that is being executed; that one never counts as "another operation". */
  readonly ownOperation: boolean;
  /** ARM `provisioningState` of each pool that states one. */
  readonly poolStates: Readonly<Record<string, string>>;
  /** `gitVersion` of the API server. */
  readonly serverVersion: Known<string>;
  readonly nodes: Known<readonly NodeFacts[]>;
  readonly policyMode: PolicyMode;
  /** The object of the managed network policy's name: absent or ours, somebody else's, or of a kind that the API server does not know. */
  readonly managedPolicy: Known<"Fine" | "Foreign" | "Unsupported">;
  /** What our own identity may do (SelfSubjectRulesReview). */
  readonly permissions: Known<readonly ResourceRule[]>;
};
