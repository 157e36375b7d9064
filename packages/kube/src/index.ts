/**
 * A managed cluster's API server, as far as the rollout uses it: bounded reads, server-side apply of what is ours, version-checked patches of
 * nodes, evictions that honour budgets, Events, a watch that says "look again" and keeps what looks read, and a program beside a node's agent. `./fake` has a cluster in memory that enforces the same rules.
 */
export type {
  BirthTaintLookup,
  ClusterAccess,
  Closable,
  EvictionOutcome,
  GrantedRules,
  ServerVersion,
  HostRoutingConfigObject,
  HostRoutingNodeObject,
  NodePatch,
  PolicyLookup,
  PolicyObject,
  PolicyWish,
} from "./cluster-access.ts";
export type { CiliumAccess, CiliumConfigMap, CiliumNodeConfigObject } from "./cilium-access.ts";
export type { RolloutLease } from "./rollout-lease.ts";
export type { SandboxFailure } from "./sandbox-failures.ts";
export { clusterOver, kubernetesCluster } from "./kubernetes-cluster.ts";
export type { CredentialLimits } from "./credential.ts";
export { birthTaint } from "./birth-taint.ts";
export { bundleManifest } from "./bundle-manifest.ts";
export { runBesideAgent } from "./run-beside-agent.ts";
export { evictablePods } from "./evictable-pods.ts";
export * from "./names.ts";
export type { V1DaemonSet, V1Node, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";
