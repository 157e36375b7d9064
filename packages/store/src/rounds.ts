import {
  as,
  isTerminal,
  judgeAdmission,
  type Admission,
  type AdmissionLimits,
  type ClusterId,
  type EnabledNode,
  type FencingToken,
  type HistoryEntry,
  type HostRoutingStatus,
  type Instant,
  type MaintenanceConfigurations,
  type ManagedCluster,
  type NodeRollout,
  type Operation,
  type OperationId,
  type Provisioning,
  type RolloutPolicy,
  type StepFaults,
} from "@hostrouting/domain";
import { sql, type Kysely, type Transaction } from "kysely";
import { assessmentDue, openAssessments, type OpenAssessment } from "./assessments.ts";
import { toManagedCluster } from "./cluster-row.ts";
import { appendHistory } from "./history.ts";
import { toOperation } from "./operations.ts";
import { readProvisioning } from "./provisioning-row.ts";
import { removeCluster } from "./remove-cluster.ts";
import type { Tables } from "./tables.ts";
import { recordUsage } from "./usage.ts";

/** What a round of the worker starts from: the store's part of the snapshot, with the database's time. */
export type ClusterRound = {
  readonly cluster: ManagedCluster;
  readonly operation: Operation | undefined;
  /** What its provider is to do and has done; absent for clusters that were registered. */
  readonly provisioning?: Provisioning | undefined;
  readonly nodes: readonly NodeRollout[];
  readonly status: HostRoutingStatus | undefined;
  readonly rolloutPolicy: Partial<RolloutPolicy>;
  readonly maintenance: MaintenanceConfigurations;
  /** What failed again and again in the rounds before; absent when nothing did. */
  readonly faults?: StepFaults | undefined;
  /** What was asked of the cluster without changing it and is not answered yet, the oldest first. */
  readonly questions: readonly OpenAssessment[];
  readonly now: Instant;
};

/** What a round decided, to be stored before anything is done about it. `nodes` is complete: what is absent is forgotten. */
export type RoundRecord = {
  /** The operation with its new phase, percentage and error; absent when none is under way. */
  readonly operation?: Operation;
  readonly nodes: readonly NodeRollout[];
  /** All nodes that are enabled, whose time is metered; absent when nobody could look. */
  readonly enabled?: readonly EnabledNode[] | undefined;
  readonly status: HostRoutingStatus;
  readonly lookAgainInMs: number;
  /** There when the operation takes a place by this: where there is none any more, it counts as having moved on. */
  readonly takesPlace?: AdmissionLimits;
  /** There when nothing fails any more, or somebody asked for all tries again. */
  readonly clearsFaults?: boolean;
  readonly history: readonly HistoryEntry[];
};

/** `LeaseLost`: somebody else holds the cluster now. `OperationMovedOn`: the operation was ended or replaced meanwhile. Neither wrote anything. */
export type RecordOutcome = "Recorded" | "LeaseLost" | "OperationMovedOn";

/** Whoever asks for a place among all operations names the limits, so that it is counted in the transaction that takes it. */
export type Asking = { readonly operationId: OperationId; readonly limits: AdmissionLimits };

/** Something that failed over a cluster. */
export type Fault = Pick<StepFaults, "kind" | "message"> & { readonly retryInMs: number };

/** Rounds: which clusters are due, what a round reads, what it writes. */
export type RoundStore = {
  /** Clusters whose time has come, the longest overdue first. */
  due(limit: number): Promise<ClusterId[]>;
  read(clusterId: ClusterId): Promise<ClusterRound | undefined>;
  /** Whether the operation could take a place now; only `record` takes it. */
  admission(asking: Asking): Promise<Admission>;
  /**
   * Counts a fault under a lease that is still held; `retryInMs` says from when another one counts as another try, however often rounds are woken. Faulted rounds
   * are not due before that.
   */
  fault(clusterId: ClusterId, token: FencingToken, fault: Fault): Promise<void>;
  /** Writes a round in one transaction, only under a lease that is still held and only over the operation that was read. */
  record(clusterId: ClusterId, token: FencingToken, record: RoundRecord): Promise<RecordOutcome>;
};

/** Any number that nothing else locks. */
const ADMISSION_LOCK = 4_711_001;

class Abandoned extends Error {
  readonly outcome: RecordOutcome;
  constructor(outcome: RecordOutcome) {
    super(outcome);
    this.outcome = outcome;
  }
}

/** Places are taken one at a time, whoever takes them; nothing is counted but what is under way, so none can leak. */
async function takePlace(tx: Transaction<Tables>, asking: Asking): Promise<void> {
  await sql`select pg_advisory_xact_lock(${ADMISSION_LOCK})`.execute(tx);
  if ((await readAdmission(tx, asking)).kind === "Waits") throw new Abandoned("OperationMovedOn");
}

async function readAdmission(db: Kysely<Tables>, { operationId, limits }: Asking): Promise<Admission> {
  const rows = await db
    .selectFrom("operation")
    .innerJoin("managed_cluster", "managed_cluster.active_operation_id", "operation.id")
    .selectAll("operation")
    .select(["managed_cluster.subscription_id", "managed_cluster.location"])
    .where("phase", "not in", ["Succeeded", "Failed", "Canceled"])
    .execute();
  const all = rows.map((row) => ({ ...toOperation(row), subscription: row.subscription_id, region: row.location.toLowerCase() }));
  return judgeAdmission(all, operationId, limits);
}

async function recordOperation(tx: Transaction<Tables>, operation: Operation, takesPlace: AdmissionLimits | undefined): Promise<void> {
  if (takesPlace !== undefined) await takePlace(tx, { operationId: operation.id, limits: takesPlace });
  const ended = isTerminal(operation.phase);
  const updated = await tx
    .updateTable("operation")
    .set({
      phase: operation.phase,
      percent_complete: sql`greatest(percent_complete, ${operation.percentComplete})`,
      error: operation.error === undefined ? null : JSON.stringify(operation.error),
      control: JSON.stringify(operation.control),
      ended_at: ended ? sql`clock_timestamp()` : null,
    })
    .where("id", "=", operation.id)
    // What was asked for since the round was read must not be written over.
    .where("revision", "=", operation.revision)
    .where("phase", "not in", ["Succeeded", "Failed", "Canceled"])
    .executeTakeFirst();
  if (updated.numUpdatedRows !== 1n) throw new Abandoned("OperationMovedOn");
  // Canceled or too late: its provider does nothing more for it until the next request.
  if (ended && operation.control.provision !== undefined)
    await tx
      .updateTable("provisioning")
      .set({ phase: "Stopped", holder: null, expires_at: null, look_again_at: sql`'infinity'::timestamptz` })
      .where("cluster_id", "=", operation.clusterId)
      .execute();
  if (ended)
    await tx
      .updateTable("managed_cluster")
      .set({ provisioning_state: operation.phase as "Succeeded" | "Failed" | "Canceled", active_operation_id: null })
      .where("id", "=", operation.clusterId)
      .where("active_operation_id", "=", operation.id)
      .execute();
}

async function recordNodes(tx: Transaction<Tables>, clusterId: ClusterId, nodes: readonly NodeRollout[]): Promise<void> {
  const kept = nodes.map((node) => node.uid as string);
  const stale = tx.deleteFrom("node_rollout").where("cluster_id", "=", clusterId);
  await (kept.length === 0 ? stale : stale.where("node_uid", "not in", kept)).execute();
  if (nodes.length === 0) return;
  await tx
    .insertInto("node_rollout")
    .values(nodes.map((node) => ({ cluster_id: clusterId, node_uid: node.uid, record: JSON.stringify(node) })))
    .onConflict((conflict) =>
      conflict
        .columns(["cluster_id", "node_uid"])
        .doUpdateSet((set) => ({ record: set.ref("excluded.record") }))
        .whereRef("node_rollout.record", "!=", "excluded.record"),
    )
    .execute();
}

/** Locks the lease. @throws Abandoned unless it is still held under this token */
async function requireLease(tx: Transaction<Tables>, clusterId: ClusterId, token: FencingToken): Promise<void> {
  const lease = await tx
    .selectFrom("cluster_lease")
    .select("token")
    .where("cluster_id", "=", clusterId)
    .where("token", "=", token)
    .where("expires_at", ">", sql<Date>`clock_timestamp()`)
    .forUpdate()
    .executeTakeFirst();
  if (lease === undefined) throw new Abandoned("LeaseLost");
}

async function recordFault(
  tx: Transaction<Tables>,
  { clusterId, token, fault }: { clusterId: ClusterId; token: FencingToken; fault: Fault },
): Promise<void> {
  await requireLease(tx, clusterId, token);
  const before = await tx
    .selectFrom("cluster_round")
    .select(["faults", sql<boolean>`coalesce(fault_retry_at > clock_timestamp(), false)`.as("isEarly")])
    .where("cluster_id", "=", clusterId)
    .executeTakeFirst();
  if (before === undefined || before.isEarly) return;
  const { kind, message, retryInMs } = fault;
  const faults: StepFaults = { kind, message, tries: (before.faults?.tries ?? 0) + 1 };
  const retryAt = sql<Date>`clock_timestamp() + ${retryInMs} * interval '1 millisecond'`;
  await tx
    .updateTable("cluster_round")
    .set({ faults: JSON.stringify(faults), fault_retry_at: retryAt, ...(kind === "Round" ? { look_again_at: retryAt } : {}) })
    .where("cluster_id", "=", clusterId)
    .execute();
}

async function recordRound(
  tx: Transaction<Tables>,
  { clusterId, token, record }: { clusterId: ClusterId; token: FencingToken; record: RoundRecord },
): Promise<void> {
  await requireLease(tx, clusterId, token);
  // The cluster's row first, as requests lock it too: the other order would end in a deadlock now and then.
  const locked = await tx
    .selectFrom("managed_cluster")
    .select("active_operation_id")
    .where("id", "=", clusterId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  // A request that came in since the round was read must not have its "look at once" written over; nor is a cluster that has gone made again.
  if (locked === undefined || (locked.active_operation_id ?? undefined) !== record.operation?.id) throw new Abandoned("OperationMovedOn");
  if (record.operation !== undefined) await recordOperation(tx, record.operation, record.takesPlace);
  await recordNodes(tx, clusterId, record.nodes);
  await recordUsage(tx, clusterId, record.enabled);
  const lookAgainAt = sql<Date>`clock_timestamp() + ${record.lookAgainInMs} * interval '1 millisecond'`;
  await tx
    .updateTable("cluster_round")
    .set({
      status: JSON.stringify(record.status),
      ...(record.clearsFaults === true ? { faults: null, fault_retry_at: null } : {}),
      look_again_at: sql`least(${lookAgainAt}, ${assessmentDue(clusterId)})`,
    })
    .where("cluster_id", "=", clusterId)
    .execute();
  await appendHistory(tx, clusterId, record.history);
  // Host routing is off, which is all that was waited for: the cluster is its owner's, and known to us no longer.
  if (record.operation?.kind === "DeleteManagedCluster" && record.operation.phase === "Succeeded") await removeCluster(tx, clusterId);
}

/** Rounds on Postgres. */
export function roundStore(db: Kysely<Tables>): RoundStore {
  return {
    async due(limit) {
      const rows = await db
        .selectFrom("cluster_round")
        .select("cluster_id")
        .where("look_again_at", "<=", sql<Date>`clock_timestamp()`)
        .orderBy("look_again_at")
        .limit(limit)
        .execute();
      return rows.map((row) => row.cluster_id);
    },
    read(clusterId) {
      return db
        .transaction()
        .setIsolationLevel("repeatable read")
        .execute(async (tx) => {
          const cluster = await tx.selectFrom("managed_cluster").selectAll().where("id", "=", clusterId).executeTakeFirst();
          if (cluster === undefined) return undefined;
          const operation =
            cluster.active_operation_id === null
              ? undefined
              : await tx.selectFrom("operation").selectAll().where("id", "=", cluster.active_operation_id).executeTakeFirst();
          const nodes = await tx
            .selectFrom("node_rollout")
            .select("record")
            .where("cluster_id", "=", clusterId)
            .orderBy("node_uid")
            .execute();
          const round = await tx
            .selectFrom("cluster_round")
            .select(["status", "rollout_policy", "maintenance", "faults", sql<Date>`clock_timestamp()`.as("now")])
            .where("cluster_id", "=", clusterId)
            .executeTakeFirstOrThrow();
          return {
            cluster: toManagedCluster(cluster),
            operation: operation && toOperation(operation),
            provisioning: await readProvisioning(tx, clusterId),
            nodes: nodes.map((row) => row.record as unknown as NodeRollout),
            status: round.status ?? undefined,
            rolloutPolicy: round.rollout_policy ?? {},
            maintenance: round.maintenance,
            faults: round.faults ?? undefined,
            questions: await openAssessments(tx, clusterId),
            now: as<Instant>(round.now.getTime()),
          };
        });
    },
    admission: (asking) => readAdmission(db, asking),
    async fault(clusterId, token, fault) {
      try {
        await db.transaction().execute((tx) => recordFault(tx, { clusterId, token, fault }));
      } catch (error) {
        // Whoever holds the cluster now counts their own.
        if (!(error instanceof Abandoned)) throw error;
      }
    },
    async record(clusterId, token, record) {
      try {
        await db.transaction().execute((tx) => recordRound(tx, { clusterId, token, record }));
        return "Recorded";
      } catch (error) {
        if (error instanceof Abandoned) return error.outcome;
        throw error;
      }
    },
  };
}
