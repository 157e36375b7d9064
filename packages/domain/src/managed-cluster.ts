import type { ClusterId, OperationId } from "./brand.ts";

/** What the user sets: `properties.networkProfile.advancedNetworking.performance.accelerationMode`. */
export type AccelerationMode = "BpfVeth" | "None";

/** ARM `provisioningState` of the cluster. The first three are the only terminal ones (ARM RPC). */
export type ProvisioningState = "Succeeded" | "Failed" | "Canceled" | "Creating" | "Updating" | "Deleting";

/** What switches the nodes of a cluster. `bundle`: our own eBPF objects on pod veths. */
export type Driver = "bundle" | "cilium" | "aks-arm";
/** Where a cluster comes from and how it is reached. */
export type Provider = "lab" | "azure" | "kubeconfig" | "simulated";

/** Advanced Container Networking Services, whole and normalised: no member is ever missing. */
export type AdvancedNetworking = {
  readonly enabled: boolean;
  readonly observability: { readonly enabled: boolean };
  readonly security: {
    readonly enabled: boolean;
    readonly advancedNetworkPolicies: "None" | "FQDN" | "L7";
    readonly transitEncryption: { readonly type: "None" | "WireGuard" };
  };
  readonly performance: { readonly accelerationMode: AccelerationMode };
};

/** A pool of nodes, as far as host routing cares. */
export type AgentPool = {
  readonly name: string;
  readonly mode: "System" | "User" | "Gateway";
  readonly count: number;
  readonly osType: "Linux" | "Windows";
  /** `Ubuntu`, `Ubuntu2404`, `AzureLinux`, `AzureLinux3`, `Windows2022`, …: open, as Azure adds to it. */
  readonly osSku: string;
  readonly orchestratorVersion: string;
  /** Every size that its machines may have; empty where the resource does not say. */
  readonly vmSizes: readonly string[];
  readonly workloadRuntime: string;
  readonly autoscaling: boolean;
  /** AKS runs a name service on each of its nodes (`localDNSProfile`). */
  readonly localDns: boolean;
};

/** What decides whether host routing may be on, read from the ARM resource; unknown members of the resource are kept beside it. */
export type ClusterProfile = {
  readonly kubernetesVersion: string;
  readonly networkPlugin: string;
  readonly networkPluginMode: string;
  readonly networkDataplane: string;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly advancedNetworking: AdvancedNetworking;
  readonly staticEgressGateway: boolean;
  readonly serviceMesh: "Disabled" | "Istio" | "Unknown";
  readonly powerState: "Running" | "Stopped" | "Unknown";
  /** `None`: rules on the nodes keep pods from the metadata service. */
  readonly podLinkLocalAccess: "IMDS" | "None" | "Unknown";
  /** When disruptions of nodes are allowed (`nodeDisruptionProfile`). */
  readonly nodeDisruptionPolicy: "Allow" | "AllowDuringMaintenanceWindow" | "Block" | "Unknown";
  /** Who adds nodes (`nodeProvisioningProfile.mode`): `Auto` is node auto-provisioning. */
  readonly nodeProvisioning: "Manual" | "Auto" | "Unknown";
  readonly pools: readonly AgentPool[];
};

/** Who made or last changed a resource (ARM `systemData`). Times are ISO 8601, UTC. */
export type SystemData = {
  readonly createdBy: string;
  readonly createdByType: "User" | "Application" | "ManagedIdentity" | "Key";
  readonly createdAt: string;
  readonly lastModifiedBy: string;
  readonly lastModifiedByType: "User" | "Application" | "ManagedIdentity" | "Key";
  readonly lastModifiedAt: string;
};

/** A managed cluster as it is kept. `properties` is the ARM resource's own `properties` object, stored whole (members that we do not know included). */
export type ManagedCluster = {
  readonly id: ClusterId;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Members of the resource beside `properties` that we keep and hand back: `sku`, `identity`, `kind`, … */
  readonly envelope: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly desiredMode: AccelerationMode;
  /** Grows by one with every accepted change. */
  readonly generation: number;
  /** Opaque, new with every stored change, without quotes. */
  readonly etag: string;
  readonly provisioningState: ProvisioningState;
  readonly activeOperationId: OperationId | undefined;
  readonly provider: Provider;
  readonly driver: Driver;
  /** Where the worker finds its credential: a path or a name of a secret, never the secret. */
  readonly accessReference: string;
  readonly systemData: SystemData;
};
