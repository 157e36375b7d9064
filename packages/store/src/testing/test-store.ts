import { randomBytes, randomUUID } from "node:crypto";
import { as, type ClusterId, type HostRoutingStatus, type NodeRollout, type OperationId } from "@hostrouting/domain";
import { Client } from "pg";
import { openStore, type Store } from "../open-store.ts";
import type { ClusterChange, ClusterStore } from "../clusters.ts";

/** The subscription of the registered cluster, of tenant `t`. */
export const SUBSCRIPTION = "11111111-1111-1111-1111-111111111111";

/** A database of its own with one registered cluster. */
export type TestStore = {
  readonly url: string;
  readonly store: Store;
  readonly clusterId: ClusterId;
  /** Runs SQL past the store, for what only a test may do. */
  sql(statement: string): Promise<void>;
  close(): Promise<void>;
};

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** Makes an empty database on the server of HOSTROUTING_TEST_DATABASE_URL. */
export async function makeDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const adminUrl = process.env["HOSTROUTING_TEST_DATABASE_URL"];
  if (!adminUrl) throw new Error("Set HOSTROUTING_TEST_DATABASE_URL to an administrator's URL of a Postgres server; npm test does.");
  const name = `store_${randomBytes(6).toString("hex")}`;
  await administer(adminUrl, `create database ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(adminUrl, `drop database ${name} with (force)`) };
}

/** Registers a cluster of a test. */
export async function registerTestCluster(clusters: ClusterStore, name = "c"): Promise<ClusterId> {
  const clusterId = as<ClusterId>(
    `/subscriptions/${SUBSCRIPTION}/resourcegroups/g/providers/microsoft.containerservice/managedclusters/${name}`,
  );
  const by = { createdBy: "u", createdByType: "User", lastModifiedBy: "u", lastModifiedByType: "User" } as const;
  await clusters.register(
    {
      id: clusterId,
      subscriptionId: SUBSCRIPTION,
      resourceGroup: "G",
      name,
      location: "local",
      tags: {},
      envelope: {},
      properties: { kept: [1, { two: null }] },
      desiredMode: "None",
      generation: 1,
      etag: "e1",
      provisioningState: "Succeeded",
      activeOperationId: undefined,
      provider: "lab",
      driver: "bundle",
      accessReference: "/first",
      systemData: { ...by, createdAt: "2026-01-01T00:00:00Z", lastModifiedAt: "2026-01-01T00:00:00Z" },
    },
    { maxUnavailable: 2 },
  );
  return clusterId;
}

/** Opens a store on a database of its own and registers a cluster. */
export async function makeTestStore(): Promise<TestStore> {
  const database = await makeDatabase();
  const store = await openStore(database.url, () => {});
  await store.directory.registerSubscription({ id: SUBSCRIPTION, tenantId: "t", displayName: "s", state: "Registered" });
  await store.directory.registerResourceGroup({ subscriptionId: SUBSCRIPTION, displayName: "G", location: "local" });
  const clusterId = await registerTestCluster(store.clusters);
  return {
    url: database.url,
    store,
    clusterId,
    sql: (statement) => administer(database.url, statement),
    async close() {
      await store.close();
      await database.drop();
    },
  };
}

/** What an accepted request writes. */
export function beginning(
  id: OperationId = as<OperationId>(randomUUID()),
): ClusterChange & { readonly begin: { readonly id: OperationId } } {
  const begin = { id, kind: "EnableHostRouting", mode: "BpfVeth", generation: 2, tenantId: "t", objectId: "o" } as const;
  return { begin, history: [{ kind: "OperationAccepted", data: { id } }] };
}

/** A status that says nothing. */
export const emptyStatus: HostRoutingStatus = {
  effectiveMode: "None",
  state: "Disabled",
  health: "Healthy",
  conditions: [],
  nodeCounts: {},
  waits: [],
  warnings: [],
  nodes: [],
  findings: [],
};

/** A record of a node. */
export function nodeRecord(name: string, phase: NodeRollout["phase"] = "Pending"): NodeRollout {
  return {
    node: as(name),
    uid: as(`uid-${name}`),
    phase,
    since: as(0),
    attempt: 0,
    switchGeneration: 0,
    cordonedByUs: false,
    verifiedCount: 0,
    lastVerifiedAt: undefined,
    problem: undefined,
  };
}
