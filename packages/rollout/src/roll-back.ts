import type { HistoryEntry, Operation, OperationError } from "@hostrouting/domain";
import { isInFlight } from "./budget.ts";
import { goBack } from "./disable-operation.ts";
import { isReached } from "./failure-budget.ts";
import { lastProgress, progressLimitMs } from "./progress.ts";
import { removeEverything } from "./remove-everything.ts";
import { AFTER_WRITE_MS, BUSY_MS, type Outcome, type Round, type RoundNode } from "./round.ts";
import { inPhase } from "./wind-down.ts";

const NOTHING_TO_REMOVE = { intents: [], waits: [], isDone: true } as const;

/**
 * Takes back what an operation that failed has switched: last first, within its budgets, bundle and policy at the end. It ends as `Failed`,
 * `RolledBack` when no node is left that is switched, else `RollbackIncomplete`: when nothing has moved for the progress deadline, or when
 * somebody cancels, after which no further node is begun with.
 */
export function rollBack(round: Round, operation: Operation, cause: OperationError): Outcome {
  const step = goBack(round, !operation.cancelRequested);
  const goesOn = (done: Pick<Outcome, "nodes" | "intents" | "waits">): Outcome => {
    return { ...done, operation, lookAgainInMs: done.intents.length > 0 ? AFTER_WRITE_MS : BUSY_MS, history: [] };
  };
  const isStopped = operation.cancelRequested && !step.nodes.some(({ record }) => isInFlight(record.phase));
  const isOver = isStopped || round.now - lastProgress(round, operation) > progressLimitMs(round.snapshot.policy);
  if (!isOver && (step.isOpen || step.intents.length > 0)) return goesOn(step);
  const removal = step.isOpen ? undefined : round.renews ? NOTHING_TO_REMOVE : removeEverything(round);
  if (!isOver && removal !== undefined && !removal.isDone)
    return goesOn({ nodes: step.nodes, intents: [...step.intents, ...removal.intents], waits: [...step.waits, ...removal.waits] });
  const error = removal?.isDone === true ? rolledBack(round, cause) : incomplete(round, cause, { ...step, operation });
  const history: HistoryEntry[] = [{ kind: "OperationError", data: { operationId: operation.id, error } }];
  return { ...step, operation: inPhase({ ...operation, error }, "Failed", step.nodes), lookAgainInMs: BUSY_MS, history };
}

function rolledBack({ renews }: Round, cause: OperationError): OperationError {
  const what = renews ? "Every node is back on the bundle of before." : "Everything that was switched is back on the stack.";
  return { ...cause, code: "RolledBack", message: `${cause.message} ${what}` };
}

/** What is not back and what it waits for, then why it all went back. */
function incomplete(
  round: Round,
  cause: OperationError,
  { nodes, waits, operation }: Pick<Outcome, "nodes" | "waits"> & { readonly operation: Operation },
): OperationError {
  const isBack = (node: RoundNode): boolean => (round.renews ? isReached(round, node) : node.record.phase === "Disabled");
  const left = nodes.filter((node) => !isBack(node)).map(({ record }) => record.node);
  const kept = operation.cancelRequested ? "the way back was canceled before everything was removed" : "not everything could be removed";
  const what = left.length === 0 ? `Nodes are back on the stack, but ${kept}.` : `Not back: ${left.join(", ")}.`;
  const next = "Look at the details, then ask for `hostrouting rollback` or `hostrouting disable` again.";
  const details = waits.map(({ reason, message, subject }) => ({ code: reason, message, target: subject }));
  return {
    ...cause,
    code: "RollbackIncomplete",
    message: `${cause.message} ${what} ${next}`,
    details: [...details, ...(cause.details ?? [])],
  };
}
