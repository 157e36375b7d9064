import {
  as,
  developmentPolicy,
  OVERRIDE_DAYS_MAX,
  type ClusterId,
  type Instant,
  type ManagedCluster,
  type RolloutPolicy,
} from "@hostrouting/domain";

const DAY_MS = 86_400_000;

/** What the lab tells of itself, as far as its ARM resource shows it. */
export type LabFacts = {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  readonly location: string;
  /** `1.36.3` */
  readonly kubernetesVersion: string;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly dnsServiceIp: string;
  /** Pools beside `system`, which has one node. */
  readonly userPools: readonly { readonly name: string; readonly count: number }[];
  /** Path of the worker's kubeconfig. */
  readonly accessReference: string;
  /** Client id of the service principal that stands for the supervisor. */
  readonly createdBy: string;
  /** ISO 8601, UTC. */
  readonly now: string;
  /** Opaque; the first ETag. */
  readonly etag: string;
};

/** ACNS on, host routing not yet: full and normalised, because clients patch members of what they read. */
const ADVANCED_NETWORKING = {
  enabled: true,
  observability: { enabled: true },
  security: { enabled: true, advancedNetworkPolicies: "FQDN", transitEncryption: { type: "None" } },
  performance: { accelerationMode: "None" },
};

/**
 * The lab's cluster as an AKS cluster: Azure CNI overlay with Cilium's dataplane, Azure Linux 3 and Ubuntu 24.04 pools, because that is what ARM asks for
 * before host routing may be turned on. The `bundle` driver plays Cilium's part, and status says so.
 */
export function labManagedCluster(lab: LabFacts): ManagedCluster {
  const id = `/subscriptions/${lab.subscriptionId}/resourcegroups/${lab.resourceGroup}/providers/microsoft.containerservice/managedclusters/${lab.name}`;
  return {
    id: as<ClusterId>(id.toLowerCase()),
    subscriptionId: lab.subscriptionId,
    resourceGroup: lab.resourceGroup,
    name: lab.name,
    location: lab.location,
    tags: { environment: "lab" },
    envelope: { sku: { name: "Base", tier: "Free" }, identity: { type: "SystemAssigned" }, kind: "Base" },
    properties: properties(lab),
    desiredMode: "None",
    generation: 1,
    etag: lab.etag,
    provisioningState: "Succeeded",
    activeOperationId: undefined,
    provider: "lab",
    driver: "bundle",
    accessReference: lab.accessReference,
    systemData: {
      createdBy: lab.createdBy,
      createdByType: "Application",
      createdAt: lab.now,
      lastModifiedBy: lab.createdBy,
      lastModifiedByType: "Application",
      lastModifiedAt: lab.now,
    },
  };
}

/** An emulated node takes ten to twenty times as long for what its agent does as a namespace on the same machine. */
const EMULATED: Partial<RolloutPolicy> = { installTimeoutMs: 10 * 60_000, switchTimeoutMs: 120_000, confirmSeconds: 180 };

/**
 * How the lab's nodes are switched. Most are namespaces on the developer's machine, whose kernel seldom takes security modules from a process:
 * PF-017 may fail there for as long as an override lasts from `now` on. Each start registers anew. @param hasMachines some nodes are emulated
 */
export function labPolicy(now: Instant, hasMachines: boolean): RolloutPolicy {
  const expiresAt = new Date(now + OVERRIDE_DAYS_MAX * DAY_MS).toISOString();
  const preflightOverrides = [{ ruleId: "PF-017", reason: "the machine's kernel lets nobody refuse rules", expiresAt }];
  return { ...developmentPolicy, ...(hasMachines && EMULATED), preflightOverrides };
}

function properties(lab: LabFacts): Record<string, unknown> {
  const minor = lab.kubernetesVersion.split(".").slice(0, 2).join(".");
  return {
    kubernetesVersion: minor,
    currentKubernetesVersion: lab.kubernetesVersion,
    dnsPrefix: lab.name,
    fqdn: `${lab.name}.localhost`,
    nodeResourceGroup: `MC_${lab.resourceGroup}_${lab.name}_${lab.location}`,
    enableRBAC: true,
    maxAgentPools: 100,
    supportPlan: "KubernetesOfficial",
    powerState: { code: "Running" },
    servicePrincipalProfile: { clientId: "msi" },
    agentPoolProfiles: [
      pool(lab, { name: "system", mode: "System", count: 1, osSKU: "AzureLinux3" }),
      ...lab.userPools.map((own) => pool(lab, { ...own, mode: "User", osSKU: "Ubuntu2404" })),
    ],
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      networkPolicy: "cilium",
      loadBalancerSku: "standard",
      outboundType: "loadBalancer",
      podCidr: lab.podCidrs[0],
      podCidrs: lab.podCidrs,
      serviceCidr: lab.serviceCidrs[0],
      serviceCidrs: lab.serviceCidrs,
      dnsServiceIP: lab.dnsServiceIp,
      ipFamilies: lab.podCidrs.map((cidr) => (cidr.includes(":") ? "IPv6" : "IPv4")),
      advancedNetworking: ADVANCED_NETWORKING,
    },
  };
}

function pool(lab: LabFacts, own: { name: string; mode: "System" | "User"; count: number; osSKU: string }): Record<string, unknown> {
  return {
    ...own,
    osType: "Linux",
    vmSize: "Standard_D4s_v5",
    type: "VirtualMachineScaleSets",
    maxPods: 250,
    enableAutoScaling: false,
    workloadRuntime: "OCIContainer",
    orchestratorVersion: lab.kubernetesVersion.split(".").slice(0, 2).join("."),
    currentOrchestratorVersion: lab.kubernetesVersion,
    nodeImageVersion: own.osSKU === "AzureLinux3" ? "AKSAzureLinux-V3gen2-202611.01.0" : "AKSUbuntu-2404gen2containerd-202611.01.0",
    powerState: { code: "Running" },
    provisioningState: "Succeeded",
  };
}
