import { wantsSlot, whyNoDisruption, type Instant, type Operation, type OperationError, type WorkingPhase } from "@hostrouting/domain";
import { afterQueue, queueWait } from "../admission-queue.ts";
import { closedWindow } from "../disruption-gate.ts";
import { endedWait } from "../ended-operation.ts";
import { closedGate, gateEnd, withPendingGate } from "../policy-gates.ts";
import { waitedMs } from "../progress.ts";
import type { Outcome, Round, RoundNode } from "../round.ts";
import type { ClusterSnapshot } from "../snapshot.ts";
import { CLUSTER, waitingSince, type WaitDraft } from "../waits.ts";
import { inPhase } from "../wind-down.ts";
import type { AzureLook } from "./azure-look.ts";
import { azureNodes, contradictingNodes, isOn, reimageWaits } from "./azure-nodes.ts";
import { azureStep, type AzureGiven, type AzureStep } from "./azure-step.ts";

/** Azure is looked at as often as its answers may be new; after a write at once. */
const BUSY_MS = 5_000;
const AFTER_RECORD_MS = 150;
const RESTING_MS = 60_000;
/** As for other drivers: what preflight cannot tell is asked again for this long. */
const PREFLIGHT_UNKNOWN_MAX_MS = 5 * 60_000;

const NOT_LOOKED: AzureLook = { kind: "Unseen", reason: "AzureUnknown", message: "Azure has not been asked yet." };

/** No operation is under way: what Azure and the nodes show is told, and nothing is done about it. */
export function azureAtRest(round: Round): Outcome {
  const nodes = azureNodes(round, undefined);
  return { operation: undefined, nodes, intents: [], waits: endedWait(round, nodes), lookAgainInMs: RESTING_MS, history: [] };
}

/** One round of an operation whose nodes AKS switches. */
export function azureOperation(round: Round, operation: Operation): Outcome {
  const { snapshot, now } = round;
  const nodes = azureNodes(round, operation);
  const { admission } = snapshot;
  if (admission?.kind === "Waits" && wantsSlot(operation)) {
    const { wait, lookAgainInMs } = queueWait(admission);
    return { operation, nodes, intents: [], waits: [wait], lookAgainInMs, history: [] };
  }
  const ended = endOf(round, operation);
  if (ended !== undefined) return finished(nodes, ended);
  const asked = cancelledByGate(round, afterQueue(round, operation));
  const hold = pauseOf(asked) ?? holdOf(round, asked);
  const given = { hold, contradicting: contradictingNodes(nodes, asked), contradictionMs: snapshot.policy.switchTimeoutMs };
  const step = stepOf(snapshot, asked, { ...given, now });
  const waits = [...step.waits, ...reimageWaits(nodes, step.operation)];
  return withPendingGate(round, outcome({ before: operation, nodes, step, waits }));
}

/**
 * The same while nobody can look at the nodes: what Azure was asked for is followed all the same, and "off" waits for no API server. The end of a switching on
 * does, since gates and the nodes' own word stand before it.
 */
export function azureUnreachable(
  snapshot: ClusterSnapshot,
  operation: Operation,
  now: Instant,
): Pick<Outcome, "operation" | "azure" | "waits"> {
  const hold = pauseOf(operation) ?? (operation.mode === "BpfVeth" ? UNREACHABLE : isAsked(operation) ? undefined : window(snapshot, now));
  const step = stepOf(snapshot, operation, { hold, contradicting: [], contradictionMs: 0, now });
  const { operation: after, azure } = outcome({ before: operation, nodes: [], step, waits: [] });
  return { operation: after, ...(azure !== undefined && { azure }), waits: step.waits };
}

const UNREACHABLE: WaitDraft = {
  reason: "ClusterUnreachable",
  subject: CLUSTER,
  message: "The nodes are looked at before AKS replaces them.",
};

function window({ disruption, policy }: ClusterSnapshot, now: Instant): WaitDraft | undefined {
  const closed = whyNoDisruption(disruption, policy, now);
  if (closed === undefined) return undefined;
  const { until, ...said } = closed;
  return { ...said, subject: CLUSTER, ...(until !== undefined && { until }) };
}

function stepOf(snapshot: ClusterSnapshot, operation: Operation, given: Omit<AzureGiven, "look">): AzureStep {
  const resumed = operation.control.pause === undefined ? withoutHold(operation, given.now) : withHold(operation, given.now);
  const step = azureStep(resumed, { ...given, look: snapshot.azure ?? NOT_LOOKED });
  const isHeld =
    operation.control.pause !== undefined && step.phase !== "Canceled" && step.phase !== "Failed" && step.phase !== "Canceling";
  if (!isHeld) return step;
  // Azure cannot be paused: what it has begun goes on, and only what comes after it waits.
  const { azure } = step.operation.control;
  const isMoving = azure !== undefined && azure.step !== "Ended" && azure.held === undefined;
  const { held } = step.operation.control;
  const control = { ...step.operation.control, held: held && { ...held, from: step.phase as WorkingPhase } };
  return { ...step, operation: { ...step.operation, control }, phase: isMoving ? "Pausing" : "Paused" };
}

function withHold(operation: Operation, now: Instant): Operation {
  const { held } = operation.control;
  const from = held?.from ?? "Validating";
  const phase = operation.phase === "Pausing" || operation.phase === "Paused" ? from : operation.phase;
  return { ...operation, phase, control: { ...operation.control, held: held ?? { from, since: now } } };
}

function withoutHold(operation: Operation, now: Instant): Operation {
  const { held, ...control } = operation.control;
  if (held === undefined) return operation;
  return { ...operation, phase: held.from, control: { ...control, resumedAt: now, waitedMs: (control.waitedMs ?? 0) + now - held.since } };
}

function pauseOf({ control }: Operation): WaitDraft | undefined {
  return control.pause && { reason: "Paused", subject: CLUSTER, message: control.pause.message };
}

function cancelledByGate(round: Round, operation: Operation): Operation {
  const cancelReason = gateEnd(round, operation);
  return cancelReason === undefined ? operation : { ...operation, control: { ...operation.control, cancelReason } };
}

/** Whether Azure was asked, and has not refused it for now. */
function isAsked({ control }: Operation): boolean {
  return control.azure !== undefined && control.azure.held === undefined;
}

/** Why Azure must not be asked yet: the queue, the rules, gates and windows as for every driver. After Azure has ended, only the gate that stands there. */
function holdOf(round: Round, operation: Operation): WaitDraft | undefined {
  const { snapshot } = round;
  if (isAsked(operation)) return closedGate(round, operation, { at: "AfterCluster" });
  if (operation.mode !== "BpfVeth") return closedWindow(round);
  const { preflight } = snapshot;
  if (preflight.kind !== "Passed") {
    const details = preflight.kind === "Unknown" ? (preflight.error.details ?? []) : [];
    const message = details.map((detail) => detail.message).join(" ") || "Preflight has not been run yet.";
    return { reason: "ClusterStateUnknown", subject: CLUSTER, message };
  }
  return closedGate(round, operation, { at: "BeforeCluster" }) ?? whyUnacknowledged(round, operation) ?? closedWindow(round);
}

/** Where the policy says so, people accept that AKS replaces machines before it does. Nobody counts connections there, so they accept any number. */
function whyUnacknowledged({ snapshot, nodes }: Round, { control }: Operation): WaitDraft | undefined {
  const count = nodes.filter(({ seen }) => seen.ineligible === undefined && !isOn(seen)).length;
  if (snapshot.policy.disruptionAcknowledgement === "NotRequired" || control.acknowledged !== undefined || count === 0) return undefined;
  return {
    reason: "DisruptionNotAcknowledged",
    subject: CLUSTER,
    message: `AKS replaces the machines of ${count} nodes, and with them every connection of their pods; nobody counts these (0 are shown).`,
  };
}

/** What ends an operation before Azure is asked, or after too long; an operation that is canceled ends by itself. */
function endOf(round: Round, operation: Operation): Operation | undefined {
  const { snapshot, now } = round;
  const { preflight, policy } = snapshot;
  if (operation.cancelRequested || operation.control.cancelReason !== undefined) return undefined;
  const failed = (error: OperationError): Operation => ({ ...operation, phase: "Failed", error });
  if (now - operation.startedAt - waitedMs(round, operation) > policy.operationTimeoutMs) return failed(timeout(operation, policy));
  if (isAsked(operation) || operation.mode !== "BpfVeth") return undefined;
  if (preflight.kind === "Failed") return failed(preflight.error);
  const since = waitingSince(round.previousWaits, "ClusterStateUnknown", CLUSTER) ?? now;
  return preflight.kind === "Unknown" && now - since > PREFLIGHT_UNKNOWN_MAX_MS ? failed(preflight.error) : undefined;
}

function timeout({ control, clusterId }: Operation, policy: { readonly operationTimeoutMs: number }): OperationError {
  const took = `The operation took longer than ${Math.round(policy.operationTimeoutMs / 1_000)} s.`;
  const isAsked = control.azure !== undefined && control.azure.step !== "Ended";
  const message = isAsked ? `${took} What Azure was asked for may still go on there; nobody follows it any more.` : took;
  return { code: "Timeout", message, target: clusterId };
}

function finished(nodes: readonly RoundNode[], operation: Operation): Outcome {
  return {
    operation: inPhase(operation, operation.phase, nodes),
    nodes,
    intents: [],
    waits: [],
    lookAgainInMs: AFTER_RECORD_MS,
    history: [],
  };
}

type Close = {
  readonly before: Operation;
  readonly nodes: readonly RoundNode[];
  readonly step: AzureStep;
  readonly waits: readonly WaitDraft[];
};

function outcome({ before, nodes, step, waits }: Close): Outcome {
  const isMoved =
    step.phase !== before.phase || step.intent !== undefined || step.operation.control.azure?.step !== before.control.azure?.step;
  return {
    operation: inPhase(step.operation, step.phase, nodes),
    nodes,
    intents: [],
    ...(step.intent !== undefined && { azure: step.intent }),
    waits,
    lookAgainInMs: isMoved ? AFTER_RECORD_MS : BUSY_MS,
    history: [],
  };
}
