import type { Operation, OperationError } from "@hostrouting/domain";
import { lastProgress } from "./progress.ts";
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
  const { progressDeadlineMs } = round.snapshot.policy;
  if (round.now - lastProgress(round, operation) <= progressDeadlineMs) return undefined;
  const waits = round.previousWaits.map((wait) => ({ code: wait.reason, message: `${wait.message} ${wait.remedy}`, target: wait.subject }));
  return {
    code: operation.kind === "RollbackHostRouting" ? "RollbackIncomplete" : "ProgressDeadlineExceeded",
    message: `Nothing advanced for ${Math.round(progressDeadlineMs / 1000)} s. The details say what was waited for.`,
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
