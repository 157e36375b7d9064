import { randomUUID } from "node:crypto";
import {
  as,
  ownerRole,
  type ClusterId,
  type FencingToken,
  type HostRoutingNodeStatus,
  type HostRoutingStatus,
  type Instant,
  type ManagedCluster,
  type Operation,
  type OperationId,
  type OperationPhase,
} from "@hostrouting/domain";
import type { RoundRecord, Store } from "@hostrouting/store";
import { objectIdOf } from "../../../../infra/dev/authority/directory.ts";
import { clusterIdOf } from "../arm/resource-ids.ts";

/** Ids that the tests of the surface speak of. */
export const ids = {
  tenantId: "11111111-1111-4111-8111-111111111111",
  otherTenantId: "22222222-2222-4222-8222-222222222222",
  subscriptionId: "33333333-3333-4333-8333-333333333333",
  clientId: "44444444-4444-4444-8444-444444444444",
} as const;

/** `properties` of a cluster that fulfils everything that acceleration asks for. */
export const acceleratable = {
  kubernetesVersion: "1.36",
  currentKubernetesVersion: "1.36.3",
  dnsPrefix: "lab",
  servicePrincipalProfile: { clientId: "msi" },
  storageProfile: { diskCSIDriver: { enabled: true } },
  networkProfile: {
    networkPlugin: "azure",
    networkPluginMode: "overlay",
    networkDataplane: "cilium",
    podCidrs: ["10.244.0.0/16", "fd00:244::/48"],
    serviceCidr: "10.96.0.0/16",
    advancedNetworking: {
      enabled: true,
      observability: { enabled: true },
      security: { enabled: true, advancedNetworkPolicies: "FQDN", transitEncryption: { type: "None" } },
      performance: { accelerationMode: "None" },
    },
  },
  agentPoolProfiles: [
    {
      name: "system",
      mode: "System",
      count: 1,
      osType: "Linux",
      osSKU: "AzureLinux3",
      vmSize: "Standard_D2s_v5",
      orchestratorVersion: "1.36",
    },
    { name: "user", mode: "User", count: 2, osType: "Linux", osSKU: "Ubuntu2404", vmSize: "Standard_D2s_v5", orchestratorVersion: "1.36" },
  ],
} as const;

/** A settled cluster with mode None. */
export function makeCluster(name: string, changes: Partial<ManagedCluster> = {}): ManagedCluster {
  const path = { subscriptionId: ids.subscriptionId, resourceGroup: "Lab", name };
  const created = { createdBy: "setup", createdByType: "Application", createdAt: "2026-04-01T00:00:00.000Z" } as const;
  return {
    id: clusterIdOf(path),
    ...path,
    location: "westeurope",
    tags: { team: "net" },
    envelope: { sku: { name: "Base", tier: "Standard" }, identity: { type: "SystemAssigned" } },
    properties: acceleratable,
    desiredMode: "None",
    generation: 1,
    etag: `etag-of-${name}`,
    provisioningState: "Succeeded",
    activeOperationId: undefined,
    provider: "lab",
    driver: "bundle",
    accessReference: "/nowhere/kubeconfig",
    systemData: { ...created, lastModifiedBy: "setup", lastModifiedByType: "Application", lastModifiedAt: created.createdAt },
    ...changes,
  };
}

/** An operation of cluster `one`, under way for a while. */
export function makeOperation(changes: Partial<Operation> = {}): Operation {
  return {
    id: as<OperationId>("op"),
    clusterId: makeCluster("one").id,
    kind: "EnableHostRouting",
    mode: "BpfVeth",
    generation: 2,
    phase: "Rolling",
    percentComplete: 10,
    error: undefined,
    cancelRequested: false,
    control: {},
    revision: 0,
    startedAt: as<Instant>(0),
    endedAt: undefined,
    tenantId: "t",
    objectId: "o",
    ...changes,
  };
}

/** The principal of a token that says nothing else. */
export const TESTER = "oid-of-tests";

/** Gives somebody a role, at the subscription where no other scope is said. */
export async function assign(
  store: Store,
  given: { readonly principalId: string; readonly roleId?: string; readonly scope?: string; readonly tenantId?: string },
): Promise<void> {
  const { principalId, roleId = ownerRole.id, scope = `/subscriptions/${ids.subscriptionId}`, tenantId = ids.tenantId } = given;
  const requestId = randomUUID();
  const [, , subscriptionId = ""] = scope.split("/");
  const { kind } = await store.roleAssignments.create(
    {
      tenantId,
      id: requestId,
      displayScope: scope,
      principalId,
      principalType: "ServicePrincipal",
      roleId,
      description: undefined,
      createdBy: "setup",
    },
    {
      ...{ subscriptionId, principal: undefined, action: "Microsoft.Authorization/roleAssignments/write", scope, outcome: "Accepted" },
      ...{ requestId, correlationId: requestId, clientRequestId: undefined },
    },
  );
  if (kind !== "Created" && kind !== "Double") throw new Error(`${principalId} has no role at ${scope}: ${kind}`);
}

/** Makes the subscription and its group known, and the clusters in it; tests and the client of a test installation own it. */
export async function register(store: Store, clusters: readonly ManagedCluster[]): Promise<void> {
  const { tenantId, subscriptionId } = ids;
  await store.directory.registerSubscription({ id: subscriptionId, tenantId, displayName: "Tests", state: "Registered" });
  await store.directory.registerResourceGroup({ subscriptionId, displayName: "Lab", location: "westeurope" });
  await store.directory.registerResourceGroup({ subscriptionId, displayName: "empty", location: "westeurope" });
  for (const principalId of [TESTER, objectIdOf(tenantId, ids.clientId)]) await assign(store, { principalId });
  for (const cluster of clusters) await store.clusters.register(cluster, {});
}

const LEASE_MS = 10_000;

/** What the worker saw of a cluster whose rollout has just begun. */
const SEEN: HostRoutingStatus = {
  effectiveMode: "Unknown",
  state: "Enabling",
  health: "Healthy",
  conditions: [],
  nodeCounts: { total: 0 },
  waits: [],
  warnings: [],
  nodes: [],
  findings: [],
};

async function record(store: Store, clusterId: ClusterId, round: Pick<RoundRecord, "operation" | "status">): Promise<void> {
  const lease = await store.leases.acquire(clusterId, "test", LEASE_MS);
  const token = lease?.token ?? as<FencingToken>(0);
  const outcome = await store.rounds.record(clusterId, token, { ...round, nodes: [], lookAgainInMs: LEASE_MS, history: [] });
  if (outcome !== "Recorded") throw new Error(`The round was not recorded: ${outcome}`);
}

/** Plays the worker: moves the running operation of a cluster to a phase (and more), under a lease. */
export async function moveOperation(store: Store, clusterId: ClusterId, changes: OperationPhase | Partial<Operation>): Promise<void> {
  const round = await store.rounds.read(clusterId);
  if (round?.operation === undefined) throw new Error(`No operation is under way on ${clusterId}`);
  const operation = { ...round.operation, ...(typeof changes === "string" ? { phase: changes } : changes) };
  await record(store, clusterId, { operation, status: SEEN });
}

/** Plays the worker: it has seen these nodes of a cluster on which nothing is under way, by the name of their pool. */
export async function seeNodes(store: Store, clusterId: ClusterId, pools: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const nodes = Object.entries(pools).flatMap(([pool, names]) =>
    names.map((name): HostRoutingNodeStatus => ({
      ...{ name, pool, phase: "Idle", effectiveMode: "Legacy", reason: "NotInstalled", fastShare: undefined, stackReasons: [] },
      ...{ refusedDevices: 0, refusals: [], rules: undefined, observedAt: undefined },
    })),
  );
  await record(store, clusterId, { status: { ...SEEN, state: "Disabled", nodeCounts: { total: nodes.length }, nodes } });
}
