import type { NodeRollout, Operation, OperationPause, WaitReason, WorkingPhase } from "@hostrouting/domain";
import { isMoving } from "./budget.ts";
import { knownFailures } from "./failure-budget.ts";
import { progressLimitMs, waitedMs } from "./progress.ts";
import { AFTER_WRITE_MS, BUSY_MS, stepNodes, type Outcome, type Round } from "./round.ts";
import { CLUSTER } from "./waits.ts";
import { inPhase } from "./wind-down.ts";

/** A paused operation is looked at this often, whatever the watch says: its nodes may still come, go and boot. */
const PAUSED_RESYNC_MS = 15_000;
/** What preflight said longer ago than this is asked again before more nodes are started. */
const PREFLIGHT_STALE_MS = 30 * 60_000;

/**
 * A pause that lasts: no node is started, those in flight go on to a safe point, and then nothing moves and no deadline runs
 * until somebody resumes.
 */
export function pauseOperation(round: Round, operation: Operation, pause: OperationPause): Outcome {
  const stepped = stepNodes(round, operation.mode, false);
  const held = operation.control.held ?? { from: operation.phase as WorkingPhase, since: round.now };
  // What held it until now counts as well; a gate that did is counted where it is let go of.
  const isNew = operation.control.held === undefined && operation.control.pending === undefined;
  const before = isNew ? { waitedMs: waitedMs(round, operation) } : {};
  // A node that has been in one step for longer than any may take is as safe as it gets.
  const moves = (record: NodeRollout): boolean =>
    isMoving(record, operation.mode) && round.now - record.since <= progressLimitMs(round.snapshot.policy);
  // What failed for so long may fail for ever: nobody waits for it, though what is in flight still goes on.
  const waitsForSafety = pause.reason !== "StepExhausted";
  const isBusy = waitsForSafety && (stepped.intents.length > 0 || stepped.nodes.some(({ record }) => moves(record)));
  const phase = operation.phase === "Paused" || (operation.phase === "Pausing" && !isBusy) ? "Paused" : "Pausing";
  return {
    ...stepped,
    operation: { ...inPhase(operation, phase, stepped.nodes), control: { ...operation.control, ...before, held } },
    waits: [...stepped.waits, { reason: waitReasonOf(pause), subject: CLUSTER, message: pause.message }],
    lookAgainInMs: stepped.intents.length > 0 ? AFTER_WRITE_MS : phase === "Pausing" ? BUSY_MS : PAUSED_RESYNC_MS,
    history: [],
  };
}

/** What cannot be told has a reason of its own, since other things help against it. */
function waitReasonOf({ reason }: OperationPause): WaitReason {
  return reason === "AnalysisInconclusive" || reason === "AnalysisError" ? reason : "Paused";
}

/** Goes on where the pause found it, or at preflight if that was long ago. What has failed by now is known to whoever resumed. */
export function resumeOperation(round: Round, operation: Operation): Outcome {
  const stepped = stepNodes(round, operation.mode, false);
  const { from, since } = operation.control.held ?? { from: "Validating", since: round.now };
  const checkedAt = operation.control.preflightAt ?? since;
  const isStale = operation.mode === "BpfVeth" && from !== "Accepted" && round.now - checkedAt > PREFLIGHT_STALE_MS;
  const { held: _over, pending: _asked, ...kept } = operation.control;
  const heard = { resumedAt: round.now, waitedMs: waitedMs(round, operation), acceptedFailures: knownFailures(stepped.nodes, round.now) };
  const control = { ...kept, ...heard };
  return {
    ...stepped,
    operation: { ...inPhase(operation, isStale ? "Validating" : from, stepped.nodes), control },
    lookAgainInMs: AFTER_WRITE_MS,
    history: [],
  };
}
