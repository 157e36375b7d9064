import {
  isTerminal,
  type GatePlace,
  type RolloutGate,
  type OperationError,
  type Instant,
  type Operation,
  as,
  visibleText,
} from "@hostrouting/domain";
import { isInFlight } from "./budget.ts";
import type { Outcome, Round } from "./round.ts";
import type { WaitDraft } from "./waits.ts";

/** People take hours; an answer rings the bell. */
const GATE_RESYNC_MS = 5_000;
/** Windows are hours away, and whatever changes them rings the bell. */
const WINDOW_RESYNC_MS = 60_000;
/** Not a name that a gate can have. */
const WINDOW = "maintenance window";

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

/** Whether no node is started because of when they may be disturbed. */
function isWindowWait({ reason }: WaitDraft): boolean {
  return reason === "MaintenanceWindowClosed" || reason === "NodeDisruptionBlocked";
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

/** Looks again when the window opens at the latest. */
function resyncMs({ now }: Round, wait: WaitDraft): number {
  if (!isWindowWait(wait)) return GATE_RESYNC_MS;
  return Math.max(1, Math.min(WINDOW_RESYNC_MS, (wait.until ?? Infinity) - now));
}

/**
 * Notes which gate holds the operation and since when; when it opens, deadlines begin anew. So they do for a maintenance window, which is noted
 * where no gate is: that can be answered meanwhile.
 */
export function withPendingGate(round: Round, outcome: Outcome): Outcome {
  const { operation } = outcome;
  if (operation === undefined || isTerminal(operation.phase)) return outcome;
  const wait = outcome.waits.find(isGateWait) ?? outcome.waits.find(isWindowWait);
  const { pending, ...before } = operation.control;
  // A pause that has just begun counts by itself.
  const control = pending === undefined ? before : { ...before, waitedMs: (before.waitedMs ?? 0) + round.now - pending.since };
  if (wait === undefined)
    return pending === undefined ? outcome : { ...outcome, operation: { ...operation, control: { ...control, resumedAt: round.now } } };
  const isBusy = outcome.intents.length > 0 || outcome.nodes.some(({ record }) => isInFlight(record.phase) || record.phase === "Soaking");
  const lookAgainInMs = isBusy ? outcome.lookAgainInMs : resyncMs(round, wait);
  const name = isWindowWait(wait) ? WINDOW : wait.subject;
  if (pending?.gate === name) return { ...outcome, lookAgainInMs };
  const gate = round.snapshot.policy.gates.find(({ id }) => id === wait.subject.split("/")[0]);
  const twoPersons = gate?.kind === "Approval" && gate.twoPersons;
  const kind = isWindowWait(wait) ? ("MaintenanceWindow" as const) : (gate?.kind ?? "ScheduledStart");
  const held = { gate: name, kind, since: round.now, twoPersons };
  return { ...outcome, lookAgainInMs, operation: { ...operation, control: { ...control, pending: held } } };
}
