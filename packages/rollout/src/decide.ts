import {
  isTerminal,
  waitsItsTurn,
  type EnabledNode,
  type HistoryEntry,
  type HostRoutingStatus,
  type Instant,
  type NodeRollout,
  type Operation,
} from "@hostrouting/domain";
import { policyInForce } from "./analysis/analysis-wish.ts";
import { azureAtRest, azureOperation, azureUnreachable } from "./azure/azure-operation.ts";
import type { AzureIntent } from "./azure/azure-look.ts";
import { disableOperation } from "./disable-operation.ts";
import { driverOf } from "./drivers/drivers.ts";
import { enableOperation } from "./enable-operation.ts";
import { keepBirthTaint } from "./held-back.ts";
import type { Intent } from "./intent.ts";
import { keptByBudgets, withNodeNews } from "./node-news.ts";
import { keepPolicy } from "./policy-plan.ts";
import { whileProvided } from "./provider-wait.ts";
import { AFTER_WRITE_MS, openRound, type Outcome, type Round } from "./round.ts";
import type { ClusterSnapshot } from "./snapshot.ts";
import { buildStatus, buildUnreachableStatus } from "./status.ts";
import { steadyState } from "./steady-state.ts";
import { disruptionHistory, nodeDisruption, sumDisruption, withDisruption } from "./switch-disruption.ts";
import { heldUnseen, withExhaustedPause } from "./step-exhausted.ts";
import { takeRequests } from "./take-requests.ts";
import { CLUSTER, completeWaits, type WaitDraft } from "./waits.ts";

/** What is to be recorded first and done afterwards. */
export type Decision = {
  /** Absent when none is under way. */
  readonly operation: Operation | undefined;
  /** Complete: a record that is missing here is forgotten. */
  readonly nodes: readonly NodeRollout[];
  /** All nodes that are enabled, whose time is metered; absent when nobody could look. */
  readonly enabled?: readonly EnabledNode[];
  readonly status: HostRoutingStatus;
  readonly intents: readonly Intent[];
  /** What is asked of Azure; absent when nothing. */
  readonly azure?: AzureIntent;
  /** An operation `UpgradeBundle` is to be begun, unless another one is by then. */
  readonly beginsUpgrade: boolean;
  readonly lookAgainInMs: number;
  readonly history: readonly HistoryEntry[];
};

/** A cluster that does not answer is asked again after this; the agents keep their own deadlines meanwhile. */
const UNREACHABLE_BUSY_MS = 3_000;
const UNREACHABLE_IDLE_MS = 15_000;

/**
 * The whole engine: what was seen and what was decided before → what is decided now. Pure, level-triggered: it takes no event, remembers
 * nothing but its records, and given the same snapshot twice it decides the same.
 */
export function decide(given: ClusterSnapshot, now: Instant): Decision {
  const snapshot = driverOf(given.cluster.driver).fit({ ...given, policy: policyInForce(given) });
  if (snapshot.reach.kind === "Unreachable") return outOfReach(snapshot, snapshot.reach, now);
  const round = openRound(snapshot, snapshot.reach.observed, now);
  return close(round, decideOutcome(round, snapshot.operation));
}

function decideOutcome(round: Round, operation: Operation | undefined): Outcome {
  if (round.snapshot.cluster.driver === "aks-arm") return operation === undefined ? azureAtRest(round) : azureOperation(round, operation);
  if (operation === undefined) return steadyState(round);
  const taken = takeRequests(round, operation);
  const asked = withExhaustedPause(round.snapshot, taken.operation);
  return waitsItsTurn(operation.kind) ? enableOperation(taken.round, asked) : disableOperation(taken.round, asked);
}

type Unreachable = Extract<ClusterSnapshot["reach"], { kind: "Unreachable" }>;

function unseenOperation(
  snapshot: ClusterSnapshot,
  operation: Operation,
  { reason, now }: { readonly reason: Unreachable["reason"] | undefined; readonly now: Instant },
): Operation {
  if (reason === "StepExhausted") return heldUnseen(snapshot, operation, now);
  return reason === "ProviderNotReady" ? whileProvided(operation, now) : operation;
}

/** A cluster that is out of reach holds up its own deletion without end: it may still be there, with host routing on. */
function unseenWait(operation: Operation | undefined, message: string): WaitDraft {
  const wait = { reason: "ClusterUnreachable", subject: CLUSTER, message } as const;
  if (operation?.kind !== "DeleteManagedCluster") return wait;
  const keep = isUntouched(operation) ? "To keep the cluster, cancel the deletion (`hostrouting cancel`, `az aks operation-abort`). " : "";
  return {
    ...wait,
    message: `${message.replace(/[.\s]+$/, "")}. The deletion waits, since host routing cannot be switched off on nodes that nobody reaches.`,
    alsoDo: `${keep}If it is gone for good, an operator can have it forgotten (\`npm run forget-cluster\`).`,
  };
}

/** Whether an operation has done nothing to any node yet. */
function isUntouched({ phase }: Operation): boolean {
  return phase === "Accepted" || phase === "Validating";
}

/** Nothing can be observed, so nothing is decided and nothing is lost. Only a wish to cancel what touched no node is granted. */
function outOfReach(snapshot: ClusterSnapshot, { message, reason }: Unreachable, now: Instant): Decision {
  const { operation: given } = snapshot;
  if (snapshot.cluster.driver === "aks-arm" && given !== undefined && reason === undefined)
    return followUnseen(snapshot, { operation: given, message, now });
  const because = reason === "StepExhausted" ? "Paused" : (reason ?? "ClusterUnreachable");
  const drafts: readonly WaitDraft[] = [
    because === "ClusterUnreachable" ? unseenWait(given, message) : { reason: because, subject: CLUSTER, message },
  ];
  const waits = completeWaits(drafts, snapshot.previous?.waits ?? [], now);
  const operation = snapshot.operation && unseenOperation(snapshot, snapshot.operation, { reason, now });
  const ended =
    operation !== undefined && isUntouched(operation) && operation.cancelRequested
      ? { ...operation, phase: "Canceled" as const }
      : operation;
  return {
    operation: ended,
    nodes: snapshot.records,
    status: buildUnreachableStatus(snapshot, { reason, message, waits, now }),
    intents: [],
    beginsUpgrade: false,
    lookAgainInMs: operation === undefined ? UNREACHABLE_IDLE_MS : UNREACHABLE_BUSY_MS,
    history: [],
  };
}

/** Azure is followed, and asked to switch off, also while nobody can look at the nodes. */
function followUnseen(
  snapshot: ClusterSnapshot,
  { operation, message, now }: { readonly operation: Operation; readonly message: string; readonly now: Instant },
): Decision {
  const followed = azureUnreachable(snapshot, operation, now);
  // That the cluster cannot be seen is said once, and why.
  const drafts = [...followed.waits.filter(({ reason }) => reason !== "ClusterUnreachable"), unseenWait(operation, message)];
  const waits = completeWaits(drafts, snapshot.previous?.waits ?? [], now);
  return {
    operation: followed.operation,
    nodes: snapshot.records,
    status: buildUnreachableStatus(snapshot, { reason: undefined, message, waits, now }),
    intents: [],
    ...(followed.azure !== undefined && { azure: followed.azure }),
    beginsUpgrade: false,
    lookAgainInMs: UNREACHABLE_BUSY_MS,
    history: operationHistory(operation, followed.operation),
  };
}

function close(round: Round, outcome: Outcome): Decision {
  const { now } = round;
  const snapshot = { ...round.snapshot, bundle: round.offered };
  const policy = keepPolicy(round, outcome);
  const keeping = [...policy.intents, ...keepBirthTaint(round.holdsJoiningNodes, round.observed)];
  const waits = completeWaits([...outcome.waits, ...policy.waits], round.previousWaits, now);
  const running = outcome.operation !== undefined && !isTerminal(outcome.operation.phase);
  const gone = running
    ? round.gone.map((record) => (record.phase === "Gone" ? record : { ...record, phase: "Gone" as const, since: now }))
    : [];
  const before = new Map(snapshot.records.map((record) => [record.uid, record]));
  const { operationId } = round.owner;
  const stepped = outcome.nodes.map((node) => {
    return { ...node, record: withDisruption(node, { before: before.get(node.record.uid), operationId, now }) };
  });
  const kept = keptByBudgets(outcome.waits);
  const told = stepped.map((node) => {
    return withNodeNews(node, { before: before.get(node.record.uid), keptBy: kept.get(node.record.node), now });
  });
  const nodes = [...told, ...gone];
  const sum = running ? undefined : sumDisruption(stepped.map((node) => nodeDisruption(node, outcome.operation)));
  const ended = outcome.operation === undefined || sum === undefined ? undefined : { operationId, sum };
  return {
    operation: outcome.operation,
    nodes,
    enabled: stepped
      .filter(({ record }) => record.phase === "Enabled")
      .map(({ record, seen }) => ({ uid: record.uid, bootId: seen.bootId, pool: seen.pool })),
    status: buildStatus({ snapshot, operation: outcome.operation, nodes: stepped, waits, policy, bundle: round.snapshot.bundle, now }),
    ...(outcome.azure !== undefined && { azure: outcome.azure }),
    intents: [...keeping, ...round.driver.replace(round, outcome), ...outcome.intents],
    beginsUpgrade: outcome.beginsUpgrade ?? false,
    lookAgainInMs: keeping.length > 0 ? Math.min(AFTER_WRITE_MS, outcome.lookAgainInMs) : outcome.lookAgainInMs,
    history: [
      ...outcome.history,
      ...policy.history,
      ...operationHistory(snapshot.operation, outcome.operation),
      ...nodeHistory(round, nodes),
      ...disruptionHistory(told, before, ended),
    ],
  };
}

function operationHistory(before: Operation | undefined, after: Operation | undefined): readonly HistoryEntry[] {
  if (before === undefined || after === undefined || before.phase === after.phase) return [];
  return [{ kind: "OperationPhaseChanged", data: { operationId: after.id, from: before.phase, to: after.phase } }];
}

function nodeHistory(round: Round, nodes: readonly NodeRollout[]): readonly HistoryEntry[] {
  const before = new Map(round.snapshot.records.map((record) => [record.uid, record]));
  const changes = nodes.flatMap((record) => {
    const from = before.get(record.uid)?.phase;
    if (from === record.phase) return [];
    const reason = record.problem === undefined ? {} : { reason: record.problem.reason };
    return [{ kind: "NodePhaseChanged", data: { node: record.node, uid: record.uid, from: from ?? "New", to: record.phase, ...reason } }];
  });
  const kept = new Set(nodes.map((record) => record.uid));
  const left = round.gone.filter((record) => !kept.has(record.uid) && record.phase !== "Gone");
  return [
    ...changes,
    ...left.map((record) => ({ kind: "NodePhaseChanged", data: { node: record.node, uid: record.uid, from: record.phase, to: "Gone" } })),
  ];
}
