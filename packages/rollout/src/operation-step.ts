import type { Operation, OperationError, Wait } from "@hostrouting/domain";
import { lastProgress, progressLimitMs, waitedMs } from "./progress.ts";
import { AFTER_WRITE_MS, BUSY_MS, type Outcome, type Round, type RoundNode } from "./round.ts";
import { CLUSTER } from "./waits.ts";
import { inPhase } from "./wind-down.ts";

/** Goes to `phase`, or stays in it; looks again soon. */
export function advance(operation: Operation, step: Pick<Outcome, "nodes" | "intents" | "waits">, phase: Operation["phase"]): Outcome {
  const moved = phase !== operation.phase || step.intents.length > 0;
  return { ...step, operation: inPhase(operation, phase, step.nodes), lookAgainInMs: moved ? AFTER_WRITE_MS : BUSY_MS, history: [] };
}

/** The error of an operation in which nothing has advanced for too long, or nothing. */
export function progressError(round: Round, operation: Operation): OperationError | undefined {
  const limitMs = progressLimitMs(round.snapshot.policy);
  if (round.now - lastProgress(round, operation) <= limitMs) return undefined;
  return lateError(round, operation, { code: "ProgressDeadlineExceeded", what: `Nothing advanced for ${seconds(limitMs)} s.` });
}

/** The error of an operation that has taken too long as a whole, or nothing. What people held it does not count. */
export function timeoutError(round: Round, operation: Operation): OperationError | undefined {
  const { operationTimeoutMs } = round.snapshot.policy;
  if (round.now - operation.startedAt - waitedMs(round, operation) <= operationTimeoutMs) return undefined;
  return lateError(round, operation, { code: "Timeout", what: `The operation took longer than ${seconds(operationTimeoutMs)} s.` });
}

const seconds = (ms: number): number => Math.round(ms / 1000);

function lateError(round: Round, { kind }: Operation, { code, what }: { code: string; what: string }): OperationError {
  // What there was nothing to do about yet says no more once it is too late.
  const remedyOf = ({ remedy }: Wait): string => (remedy.startsWith("Nothing") ? "" : ` ${remedy}`);
  const waits = round.previousWaits.map((wait) => ({
    code: wait.reason,
    message: `${wait.message}${remedyOf(wait)}`,
    target: wait.subject,
  }));
  return {
    code: kind === "RollbackHostRouting" ? "RollbackIncomplete" : code,
    message: `${what} The details say what was waited for.`,
    target: CLUSTER,
    details: waits,
  };
}

/** A new operation gives every node its attempts back, also to those that the last one left out. */
export function freshAttempts(node: RoundNode): RoundNode {
  const { record } = node;
  const phase = record.phase === "Failed" ? "Pending" : record.phase;
  return { seen: node.seen, record: { ...record, phase, attempt: 0, problem: undefined, skipped: undefined, stage: undefined } };
}
