import { Kysely, PostgresDialect } from "kysely";
import type { Socket } from "node:net";
import { Pool, TypeOverrides, types, type PoolClient } from "pg";
import { assessmentStore, type AssessmentStore } from "./assessments.ts";
import { auditStore, type AuditStore } from "./audit.ts";
import { clusterStore, type ClusterStore } from "./clusters.ts";
import { leaseStore, type LeaseStore } from "./cluster-lease.ts";
import { deploymentStore, type DeploymentStore } from "./deployments.ts";
import { directoryStore, type DirectoryStore } from "./directory.ts";
import { groupRemovalStore, type GroupRemovalStore } from "./group-removals.ts";
import { migrate } from "./migrate.ts";
import { operationStore, type OperationStore } from "./operations.ts";
import { operationFollowerStore, type OperationFollowerStore } from "./operation-followers.ts";
import { PreparingClient } from "./prepared-statements.ts";
import { provisioningStore, type ProvisioningStore } from "./provisioning.ts";
import { roundStore, type RoundStore } from "./rounds.ts";
import { roleAssignmentStore, type RoleAssignmentStore } from "./role-assignments.ts";
import type { Tables } from "./tables.ts";
import { resourceGroupStore, type ResourceGroupStore } from "./resource-groups.ts";
import { subscriptionStore, type SubscriptionStore } from "./subscriptions.ts";
import { runTrial, type Trial } from "./trial.ts";
import { usageStore, type UsageStore } from "./usage.ts";

/** Everything that is kept, by aggregate. */
export type Store = {
  readonly assessments: AssessmentStore;
  readonly audit: AuditStore;
  readonly clusters: ClusterStore;
  readonly deployments: DeploymentStore;
  readonly directory: DirectoryStore;
  readonly groupRemovals: GroupRemovalStore;
  readonly leases: LeaseStore;
  readonly operations: OperationStore;
  readonly operationFollowers: OperationFollowerStore;
  readonly roleAssignments: RoleAssignmentStore;
  readonly provisioning: ProvisioningStore;
  readonly resourceGroups: ResourceGroupStore;
  readonly rounds: RoundStore;
  readonly subscriptions: SubscriptionStore;
  readonly usage: UsageStore;
  /** Lets `work` use a store that keeps nothing, to learn what requests would come to. It holds one connection, and the locks that it takes. */
  trial<T>(work: (trial: Trial<Aggregates>) => Promise<T>): Promise<T>;
  /** Whether the database answers; for readiness. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

/** What a trial has of the store. */
export type Aggregates = Omit<Store, "trial" | "ping" | "close">;

/** 10 = more than the processor's cores can use at once, fewer than Postgres' default of 100 for 8 processes. */
const CONNECTIONS_MAX = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 15_000;
/** The database ends a statement after its time-out and says so: who hears nothing for longer is at the end of a connection that nobody sends into. */
const SILENCE_MAX_MS = 20_000;

/** Generations, tokens and sequence numbers stay far below 2^53. */
function numbersForBigints(): TypeOverrides {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, Number);
  return overrides;
}

/** Gives a connection up on which the database has fallen silent (a host or a path that is gone without a word): its statement would be waited for without end. */
function boundSilence(client: PoolClient, silenceMaxMs: number): void {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  stream.setTimeout(silenceMaxMs, () => stream.destroy(new Error(`the database said nothing for ${silenceMaxMs / 1_000} s`)));
}

function aggregatesOn(db: Kysely<Tables>): Aggregates {
  return {
    assessments: assessmentStore(db),
    audit: auditStore(db),
    clusters: clusterStore(db),
    deployments: deploymentStore(db),
    directory: directoryStore(db),
    groupRemovals: groupRemovalStore(db),
    leases: leaseStore(db),
    operations: operationStore(db),
    operationFollowers: operationFollowerStore(db),
    roleAssignments: roleAssignmentStore(db),
    provisioning: provisioningStore(db),
    resourceGroups: resourceGroupStore(db),
    rounds: roundStore(db),
    subscriptions: subscriptionStore(db),
    usage: usageStore(db),
  };
}

/**
 * Opens the database and brings its schema up to date.
 * @param databaseUrl `postgresql:///name?host=/socket/folder&user=…` or any libpq URL.
 * @param onConnectionError told of connections that break (a restarted server); the pool replaces them.
 * @param silenceMaxMs after which a connection is given up on which nothing moves; longer than any statement may take.
 */
export async function openStore(
  databaseUrl: string,
  onConnectionError: (error: Error) => void,
  silenceMaxMs = SILENCE_MAX_MS,
): Promise<Store> {
  const pool = new Pool({
    connectionString: databaseUrl,
    Client: PreparingClient,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    types: numbersForBigints(),
  });
  pool.on("error", onConnectionError);
  // A connection in use has no listener of the pool's: what breaks it would end the process.
  pool.on("connect", (client) => {
    client.on("error", onConnectionError);
    boundSilence(client, silenceMaxMs);
  });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  await migrate(db);
  return {
    ...aggregatesOn(db),
    trial: async (work) => runTrial(await pool.connect(), aggregatesOn, work),
    ping: async () => void (await pool.query("select 1")),
    close: () => db.destroy(),
  };
}
