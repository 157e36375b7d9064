/** What journeys read of replies: the part of each shape that they look at, nothing else. */

/** An ARM error, nested as ARM nests it. */
export type ArmFault = {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ArmFault[];
};
/** An operation's status document. */
export type OperationStatus = { readonly status: string; readonly error?: ArmFault };
/** A managed cluster. */
export type ManagedCluster = {
  readonly id: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties: {
    readonly provisioningState: string;
    readonly networkProfile: { readonly advancedNetworking: { performance: { accelerationMode: string } } };
  };
};
/** A reason for waiting. */
export type Wait = { readonly reason: string; readonly subject: string; readonly message: string; readonly remedy: string };
/** Something that people should know; `override` where a rule may fail for a while. */
export type Warning = {
  readonly id: string;
  readonly subjects: readonly string[];
  readonly override?: { readonly reason: string; readonly expiresAt: string };
};
/** What somebody changed about the managed network policy. */
export type Drift = { readonly path: string; readonly manager?: string; readonly correctedAt?: string };
/** `hostRoutings/default`. */
export type HostRouting = {
  readonly properties: {
    readonly desiredMode: string;
    readonly effectiveMode: string;
    readonly state: string;
    readonly operation?: { readonly kind: string; readonly phase: string };
    readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
    readonly waits: readonly Wait[];
    readonly warnings: readonly Warning[];
    readonly policy: { readonly state: string; readonly drift: readonly Drift[] };
  };
};
/** A member of `hostRoutings/default/nodes`. */
export type HostRoutingNode = {
  readonly name: string;
  readonly properties: { readonly pool: string; readonly phase: string; readonly effectiveMode: string };
};
/** Any Kubernetes object of those that are read. */
export type KubeObject = {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly creationTimestamp: string };
  readonly spec: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string; readonly effect: string }[];
    readonly generation?: number;
    readonly confirmedGeneration?: number;
    readonly containers?: readonly Readonly<Record<string, unknown>>[];
  };
  readonly status?: {
    readonly effectiveMode?: string;
    readonly confirmed?: boolean;
    readonly facts?: { readonly guardRung?: string };
    readonly observedAt?: string;
    readonly scan?: { readonly platformRules?: { readonly state: string } };
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly nodeInfo?: { readonly kernelVersion: string };
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastTransitionTime: string }[];
  };
};
