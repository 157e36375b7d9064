import { as, type AgentPool, type ClusterProfile, type Instant } from "@hostrouting/domain";
import { clusterProfile } from "../cluster-profile.ts";
import type { ClusterFacts, NodeFacts, PodFacts } from "../facts.ts";

/** The time of the good facts, ms since 1970, UTC. */
export const NOW_MS = Date.UTC(2026, 3, 1);
/** A node for which every rule holds. */
export const node: NodeFacts = {
  name: "n1",
  pool: "user",
  os: "linux",
  osSkuEffective: "Ubuntu2404",
  osImage: "Ubuntu 24.04.3 LTS",
  upgradeStatus: "",
  instanceType: "Standard_D4s_v5",
  kubeletVersion: "v1.36.3",
  kernelVersion: "6.8.0-1041-azure",
  createdAtMs: NOW_MS - 3_600_000,
  ready: true,
  cordoned: false,
  allocatable: { cpuMilli: 3_860, memoryBytes: 12 * 2 ** 30 },
  agentOs: undefined,
  preconditions: undefined,
  guardRung: undefined,
  scan: undefined,
  masqueradeConfig: undefined,
  connections: undefined,
  bundleImage: undefined,
};
/** Its pool. */
export const agentPool: AgentPool = {
  name: "user",
  mode: "User",
  count: 1,
  osType: "Linux",
  osSku: "Ubuntu2404",
  orchestratorVersion: "1.36.3",
  vmSizes: ["Standard_D4s_v5"],
  workloadRuntime: "OCIContainer",
  autoscaling: false,
  localDns: false,
};
/** A pod on it to which no rule has an objection. */
export const pod: PodFacts = {
  name: "shop/cart-1",
  node: "n1",
  controller: "ReplicaSet/cart",
  app: "cart",
  images: ["registry.example/shop/cart:2"],
  runtimeClass: "",
  hostPorts: [],
  hostNetwork: false,
  leaves: true,
  hasLocalData: false,
  isPinned: false,
  graceSeconds: 30,
  mesh: "None",
  budgets: [],
  cpuMilli: 100,
  memoryBytes: 2 ** 27,
};
/** Its cluster, as ARM describes it. */
export const profile: ClusterProfile = {
  ...clusterProfile({
    kubernetesVersion: "1.36.3",
    networkProfile: { networkPlugin: "azure", networkDataplane: "cilium", advancedNetworking: { enabled: true } },
  }),
  pools: [agentPool],
};
/** Facts for which every rule holds that needs no agent. */
export const good: ClusterFacts = {
  driver: "bundle",
  now: as<Instant>(NOW_MS),
  ruleset: "ga-2026",
  nodeAction: "SwitchInPlace",
  drainTimeoutMs: 1_800_000,
  maxUnavailable: "10%",
  nodeTimeoutMs: 14 * 60_000,
  maintenance: { mode: "Honor", minRemainingMinutes: 30, configurations: {} },
  profile,
  provisioningState: "Updating",
  ownOperation: true,
  poolStates: { user: "Succeeded" },
  serverVersion: { known: true, value: "v1.36.3" },
  clockAheadMs: { known: true, value: -1_500 },
  pods: { known: true, value: [pod] },
  budgets: { known: true, value: [] },
  admission: { known: true, value: { refusal: undefined } },
  nodes: { known: true, value: [node] },
  azure: {
    known: true,
    value: {
      found: "Found",
      locks: { known: true, value: [] },
      missingActions: { known: true, value: [] },
      writesLeft: { known: true, value: 20 },
    },
  },
  policyMode: "Correct",
  managedPolicy: { known: true, value: "Fine" },
  permissions: { known: true, value: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
  ciliumPermissions: { known: true, value: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
  cilium: {
    known: true,
    value: {
      config: {
        data: { "kube-proxy-replacement": "true", "enable-host-legacy-routing": "true" },
        writers: [{ name: "helm", keys: ["kube-proxy-replacement", "enable-host-legacy-routing"] }],
      },
      overrides: [],
      agents: [{ node: "n1", hostRouting: "Legacy", readsNodeConfigs: true, isOrdered: false }],
    },
  },
};
/** A fact that could not be read. */
export const unreadable = { known: false, because: "timed out" } as const;
/** The good facts with other nodes. */
export const withNodes = (...changes: Partial<NodeFacts>[]): ClusterFacts => ({
  ...good,
  nodes: { known: true, value: changes.map((change) => ({ ...node, ...change })) },
});
/** The good facts with another node. */
export const withNode = (changes: Partial<NodeFacts>): ClusterFacts => withNodes(changes);
/** The good facts with other pods. */
export const withPods = (...changes: Partial<PodFacts>[]): ClusterFacts => ({
  ...good,
  pods: { known: true, value: changes.map((change) => ({ ...pod, ...change })) },
});
/** The good facts with other words of ARM. */
export const withProfile = (changes: Partial<ClusterProfile>): ClusterFacts => ({ ...good, profile: { ...profile, ...changes } });

/** What a node's agent says that it runs. */
export const agentOs = { id: "ubuntu", versionId: "24.04" };

/** One case of a rule: what is special, the facts, the outcome, and the subjects of a failure where they matter. */
export type RuleCase = readonly [rule: string, what: string, facts: ClusterFacts, outcome: string, subjects?: readonly string[]];
