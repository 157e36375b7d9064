import {
  as,
  type ClusterId,
  type Instant,
  type ManagedCluster,
  type NodeRollout,
  type Operation,
  type StepFaults,
  type UsageCharge,
  type UsageInterval,
  type UserCredentialReferences,
} from "@hostrouting/domain";
import type { NewOperation } from "./clusters.ts";
import type { HistoryRow } from "./history.ts";
import type { ClusterRound } from "./rounds.ts";

/** All that is kept of a cluster in memory. */
export type FakeRow = {
  cluster: ManagedCluster;
  lookAgainAt: number;
  status: ClusterRound["status"];
  rolloutPolicy: ClusterRound["rolloutPolicy"];
  maintenance: ClusterRound["maintenance"];
  faults?: { readonly said: StepFaults; readonly retryAt: number } | undefined;
  nodes: Map<string, NodeRollout>;
  history: HistoryRow[];
  /** Of a registered cluster's users. */
  credentials?: UserCredentialReferences | undefined;
  usage: { open: readonly UsageInterval[]; seenAt: Instant | undefined; charges: readonly UsageCharge[] };
};

/** As a JSON column would give it back: undefined members are gone, nothing is shared with the caller. */
export function stored<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

/** An operation keeps its undefined columns; what is JSON in the table is JSON here. */
export function storedOperation(operation: Operation): Operation {
  return { ...operation, error: stored(operation.error), control: stored(operation.control) };
}

/** A cluster that was just registered or made. */
export function newRow(cluster: ManagedCluster, { now, policy }: { now: number; policy: ClusterRound["rolloutPolicy"] }): FakeRow {
  const kept = { ...cluster, subscriptionId: cluster.subscriptionId.toLowerCase(), activeOperationId: cluster.activeOperationId };
  return {
    cluster: kept,
    lookAgainAt: now,
    status: undefined,
    rolloutPolicy: policy,
    maintenance: {},
    nodes: new Map(),
    history: [],
    usage: { open: [], seenAt: undefined, charges: [] },
  };
}

/** An operation that begins. */
export function newOperation(clusterId: ClusterId, begin: NewOperation, now: number): Operation {
  return {
    ...begin,
    clusterId,
    phase: "Accepted",
    percentComplete: 0,
    error: undefined,
    cancelRequested: false,
    control: begin.control ?? {},
    revision: 0,
    startedAt: as<Instant>(now),
    endedAt: undefined,
  };
}
