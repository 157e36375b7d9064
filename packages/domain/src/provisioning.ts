import type { ClusterId, FencingToken, Instant } from "./brand.ts";
import type { ManagedCluster, Provider } from "./managed-cluster.ts";

/**
 * How far the provider is with a cluster. `Pending`: there is something to do. `Settled`: it is as wished; the provider may look after it. `Stopped`: it
 * failed for good, or its operation was canceled or took too long; what was wished for is not tried until the next request, but a cluster that was there
 * before is still brought back as it was when the provider starts anew.
 */
export type ProvisioningPhase = "Pending" | "Settled" | "Stopped";

/** Paths of files with kubeconfigs, or names of secrets: never a secret itself. `worker` has the least rights that a rollout needs. */
export type CredentialReferences = { readonly worker: string; readonly user: string; readonly admin: string };

/** Those of a cluster's users, which ARM hands out; the worker's own never is. */
export type UserCredentialReferences = Omit<CredentialReferences, "worker">;

/** What a provider found out about a pool of nodes that it made. */
export type ProvisionedPool = {
  readonly name: string;
  /** Nodes that are there and Ready. */
  readonly count: number;
  readonly kubernetesVersion: string;
  /** Empty when the provider has no such thing. */
  readonly nodeImageVersion: string;
};

/** What a provider says of a cluster that it made. */
export type ProvisionedFacts = {
  /** Name or address of the API server, without port or scheme. */
  readonly fqdn: string;
  readonly kubernetesVersion: string;
  readonly pools: readonly ProvisionedPool[];
  readonly credentials: CredentialReferences;
};

/** A provider's work for one cluster, as it is kept. */
export type Provisioning = {
  readonly clusterId: ClusterId;
  readonly provider: Provider;
  readonly phase: ProvisioningPhase;
  /** Whether the cluster is to be there; false when it is being deleted. */
  readonly present: boolean;
  /** The cluster's generation that is wished for, and the last one that was brought about: 0 when none was. */
  readonly wanted: number;
  readonly done: number;
  /** Tries in vain since the last success or request. */
  readonly attempts: number;
  /** What the provider said last: its progress, or why a try was in vain. Empty when nothing. */
  readonly said: string;
  readonly facts: ProvisionedFacts | undefined;
  /** Whether a provider has it in hand now. */
  readonly isHeld: boolean;
};

/** The right to work on one cluster until `expiresAt` on the database's clock, with what is wished for: the ARM resource itself. */
export type ProvisioningClaim = {
  readonly clusterId: ClusterId;
  readonly provider: Provider;
  readonly holder: string;
  /** Grows with every claim, so that what a former holder writes is refused. */
  readonly token: FencingToken;
  readonly expiresAt: Instant;
  /** `Stopped`: bring back what was there before, without what failed; take nothing away. */
  readonly phase: ProvisioningPhase;
  readonly present: boolean;
  /** The generation that this claim speaks of; a later request makes it due again. */
  readonly generation: number;
  readonly attempts: number;
  /** Pools, versions and the network are read from its `properties`; where the phase is `Stopped`, pools are those that were there (`clusterAsItWas`). */
  readonly cluster: ManagedCluster;
  /** Of the last time that the provider was done; absent when it never was. */
  readonly facts: ProvisionedFacts | undefined;
};

/** What a provider has to say of its work. */
export type ProvisioningOutcome =
  /** All is as wished (or gone). `lookAgainInMs`: when it wants to look after the cluster again; never when absent. */
  | { readonly kind: "Done"; readonly facts: ProvisionedFacts; readonly lookAgainInMs?: number }
  | { readonly kind: "Removed" }
  /** Still at it: shown as what the operation waits for. The claim goes on. */
  | { readonly kind: "Progress"; readonly message: string }
  /** Nothing wrong, but later; the claim ends. */
  | { readonly kind: "Later"; readonly message: string; readonly lookAgainInMs: number }
  /** `isFinal`: another try cannot help, so the operation fails; otherwise it is tried again after a pause, 5 times in all. `code` is PascalCase. */
  | { readonly kind: "Failed"; readonly code: string; readonly message: string; readonly isFinal: boolean };

/** Tries before an operation fails with the last error. */
export const PROVISIONING_TRIES_MAX = 5;

/** The whole of a provider's part of an operation takes at most this; a cluster with virtual machines is made in minutes. */
export const PROVISIONING_LIMIT_MS = 60 * 60_000;

/**
 * A cluster with the pools, and as many nodes in each, as when its provider was last done: what came after that failed or was canceled. A pool that was to
 * go is not there any more, since nobody kept what it was. Pure.
 */
export function clusterAsItWas(cluster: ManagedCluster, { pools }: Pick<ProvisionedFacts, "pools">): ManagedCluster {
  const agentPoolProfiles = cluster.properties["agentPoolProfiles"];
  const wished: readonly unknown[] = Array.isArray(agentPoolProfiles) ? agentPoolProfiles : [];
  const kept = wished.flatMap((pool) => {
    const { name } = pool as { readonly name?: unknown };
    const was = pools.find((one) => one.name.toLowerCase() === String(name).toLowerCase());
    return was === undefined ? [] : [{ ...(pool as object), count: was.count }];
  });
  return { ...cluster, properties: { ...cluster.properties, agentPoolProfiles: kept } };
}
