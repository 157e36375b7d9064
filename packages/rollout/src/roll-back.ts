import type { HistoryEntry, Operation, OperationError } from "@hostrouting/domain";
import { isInFlight } from "./budget.ts";
import { removeEverything } from "./bundle-plan.ts";
import { letGo } from "./disable-operation.ts";
import { lastProgress, progressLimitMs } from "./progress.ts";
import { AFTER_WRITE_MS, BUSY_MS, type Outcome, type Round } from "./round.ts";
import { inPhase } from "./wind-down.ts";

/**
 * Takes back what an operation that failed has switched: last first, within its budgets, bundle and policy at the end. It ends as `Failed`,
 * `RolledBack` when no node is left that is switched, else `RollbackIncomplete`: when nothing has moved for the progress deadline, or when
 * somebody cancels, after which no further node is begun with.
 */
export function rollBack(round: Round, operation: Operation, cause: OperationError): Outcome {
  const step = letGo(round, !operation.cancelRequested);
  const goesOn = (done: Pick<Outcome, "nodes" | "intents" | "waits">): Outcome => {
    return { ...done, operation, lookAgainInMs: done.intents.length > 0 ? AFTER_WRITE_MS : BUSY_MS, history: [] };
  };
  const isStopped = operation.cancelRequested && !step.nodes.some(({ record }) => isInFlight(record.phase));
  const isOver = isStopped || round.now - lastProgress(round, operation) > progressLimitMs(round.snapshot.policy);
  if (!isOver && (step.isOpen || step.intents.length > 0)) return goesOn(step);
  const removal = step.isOpen ? undefined : removeEverything(round);
  if (!isOver && removal !== undefined && !removal.isDone)
    return goesOn({ nodes: step.nodes, intents: [...step.intents, ...removal.intents], waits: [...step.waits, ...removal.waits] });
  const error = removal?.isDone === true ? rolledBack(cause) : incomplete(cause, step);
  const history: HistoryEntry[] = [{ kind: "OperationError", data: { operationId: operation.id, error } }];
  return { ...step, operation: inPhase({ ...operation, error }, "Failed", step.nodes), lookAgainInMs: BUSY_MS, history };
}

function rolledBack(cause: OperationError): OperationError {
  return { ...cause, code: "RolledBack", message: `${cause.message} Everything that was switched is back on the stack.` };
}

/** What is not back and what it waits for, then why it all went back. */
function incomplete(cause: OperationError, { nodes, waits }: Pick<Outcome, "nodes" | "waits">): OperationError {
  const left = nodes.filter(({ record }) => record.phase !== "Disabled").map(({ record }) => record.node);
  const what =
    left.length === 0 ? "Nodes are back on the stack, but not everything could be removed." : `Not back on the stack: ${left.join(", ")}.`;
  const details = waits.map(({ reason, message, subject }) => ({ code: reason, message, target: subject }));
  return { ...cause, code: "RollbackIncomplete", message: `${cause.message} ${what}`, details: [...details, ...(cause.details ?? [])] };
}
