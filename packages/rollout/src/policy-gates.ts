import {
  isTerminal,
  type GatePlace,
  type WaitReason,
  type RolloutGate,
  type OperationError,
  type Instant,
  type Operation,
  type PendingGate,
  as,
  visibleText,
} from "@hostrouting/domain";
import { isMoving } from "./budget.ts";
import type { Outcome, Round } from "./round.ts";
import type { WaitDraft } from "./waits.ts";

/** People take hours; an answer rings the bell. */
const GATE_RESYNC_MS = 5_000;
/** Windows are hours away, and whatever changes them rings the bell. */
const WINDOW_RESYNC_MS = 60_000;

/** What holds an operation without being a gate; none is a name that a gate can have. */
const OTHER_HOLDS: Readonly<Partial<Record<WaitReason, { readonly gate: string; readonly kind: PendingGate["kind"] }>>> = {
  MaintenanceWindowClosed: { gate: "maintenance window", kind: "MaintenanceWindow" },
  ClusterUpgrading: { gate: "cluster upgrade", kind: "ClusterUpgrade" },
  NodeDisruptionBlocked: { gate: "maintenance window", kind: "MaintenanceWindow" },
  DisruptionNotAcknowledged: { gate: "acknowledgement of connections", kind: "Acknowledgement" },
  AdmissionQueue: { gate: "admission queue", kind: "AdmissionQueue" },
};

/** The first gate at a place that is closed now, as a wait. A gate at a batch is one of its own for each batch. */
export function closedGate(
  round: Round,
  operation: Operation,
  place: { readonly at: GatePlace; readonly batch?: number },
): WaitDraft | undefined {
  const { gates, approvalTimeoutMs } = round.snapshot.policy;
  const { approvals = [], pending } = operation.control;
  for (const gate of gates.filter(({ at }) => at === place.at)) {
    const id = place.batch === undefined ? gate.id : `${gate.id}/batch-${place.batch}`;
    if (gate.kind === "ScheduledStart") {
      const until = as<Instant>(Date.parse(gate.startsAt));
      if (round.now < until) return { reason: "ScheduledStart", subject: id, message: `It begins at ${gate.startsAt}.`, until };
    } else if (!approvals.some((answer) => answer.gate === id)) {
      const since = pending?.gate === id ? pending.since : round.now;
      return { ...unanswered(operation, gate, id), subject: id, until: as<Instant>(since + approvalTimeoutMs) };
    }
  }
  return undefined;
}

type Unanswered = Pick<WaitDraft, "reason" | "message">;

/** Why a gate that asks for an answer is closed. What a webhook said is somebody's own text. */
function unanswered({ control }: Operation, gate: Exclude<RolloutGate, { kind: "ScheduledStart" }>, id: string): Unanswered {
  if (gate.kind === "Approval") {
    const who = gate.twoPersons ? "somebody other than who asked for the operation" : "somebody";
    return { reason: "ApprovalPending", message: `Waits until ${who} approves; after that it is canceled.` };
  }
  const said = control.webhook?.gate === id ? control.webhook.said : "It has not answered yet.";
  return { reason: "WebhookPending", message: `Waits until its webhook lets it go on; after that it is canceled. ${visibleText(said)}` };
}

/** Whether a wait is a gate's. */
export function isGateWait({ reason }: Pick<WaitDraft, "reason">): boolean {
  return reason === "ApprovalPending" || reason === "ScheduledStart" || reason === "WebhookPending";
}

/** Whether no node is started because of an upgrade, or of when they may be disturbed. */
function isWindowWait({ reason }: WaitDraft): boolean {
  return reason === "MaintenanceWindowClosed" || reason === "NodeDisruptionBlocked" || reason === "ClusterUpgrading";
}

/** Whether an operation waits for people or time by it, for as long as that takes: a gate, a window, or somebody's word. */
export function isHoldingWait(wait: WaitDraft): boolean {
  return isGateWait(wait) || isWindowWait(wait) || wait.reason === "DisruptionNotAcknowledged";
}

/** Why a gate ends the operation: it was rejected, or nobody approved in time. */
export function gateEnd(round: Round, { control }: Operation): OperationError | undefined {
  if (control.cancelReason !== undefined) return control.cancelReason;
  const { rejection, pending } = control;
  if (rejection !== undefined) return { code: "Rejected", message: `Rejected: ${visibleText(rejection.comment)}`, target: rejection.gate };
  const awaitsAnswer = pending?.kind === "Approval" || pending?.kind === "Webhook";
  if (!awaitsAnswer || control.approvals?.some(({ gate }) => gate === pending.gate)) return undefined;
  if (round.now - pending.since <= round.snapshot.policy.approvalTimeoutMs) return undefined;
  return {
    code: "ApprovalTimeout",
    message: pending.kind === "Webhook" ? "Its webhook did not let it go on in time." : "Nobody approved in time.",
    target: pending.gate,
  };
}

/** Looks again when the window opens at the latest; whoever stands in the queue looks at its own pace. */
function resyncMs({ now }: Round, { lookAgainInMs }: Outcome, wait: WaitDraft): number {
  if (wait.reason === "AdmissionQueue") return lookAgainInMs;
  if (!isWindowWait(wait)) return GATE_RESYNC_MS;
  return Math.max(1, Math.min(WINDOW_RESYNC_MS, (wait.until ?? Infinity) - now));
}

/** The wait that stops the operation's clocks. A gate is noted first, since it can be answered meanwhile; the queue only where an operation has rested. */
function holdOf({ waits, operation }: Outcome): WaitDraft | undefined {
  const queue = operation?.control.rest === undefined ? undefined : waits.find(({ reason }) => reason === "AdmissionQueue");
  return waits.find(isGateWait) ?? waits.find(isHoldingWait) ?? queue;
}

/** Notes what holds the operation and since when; when it is let go, deadlines begin anew. */
export function withPendingGate(round: Round, outcome: Outcome): Outcome {
  const { operation } = outcome;
  if (operation === undefined || isTerminal(operation.phase)) return outcome;
  const wait = holdOf(outcome);
  const { pending, ...before } = operation.control;
  // A pause that has just begun counts by itself.
  const control = pending === undefined ? before : { ...before, waitedMs: (before.waitedMs ?? 0) + round.now - pending.since };
  if (wait === undefined)
    return pending === undefined ? outcome : { ...outcome, operation: { ...operation, control: { ...control, resumedAt: round.now } } };
  const isBusy = outcome.intents.length > 0 || outcome.nodes.some(({ record }) => isMoving(record, operation.mode));
  const lookAgainInMs = isBusy ? outcome.lookAgainInMs : resyncMs(round, outcome, wait);
  const hold = OTHER_HOLDS[wait.reason] ?? gateHold(round, wait);
  if (pending?.gate === hold.gate) return { ...outcome, lookAgainInMs };
  const held = { twoPersons: false, ...hold, since: round.now };
  return { ...outcome, lookAgainInMs, operation: { ...operation, control: { ...control, pending: held } } };
}

function gateHold(round: Round, { subject }: WaitDraft): Omit<PendingGate, "since"> {
  const gate = round.snapshot.policy.gates.find(({ id }) => id === subject.split("/")[0]);
  return { gate: subject, kind: gate?.kind ?? "ScheduledStart", twoPersons: gate?.kind === "Approval" && gate.twoPersons };
}
