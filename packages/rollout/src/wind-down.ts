import type { HistoryEntry, Operation, OperationError, OperationPhase } from "@hostrouting/domain";
import { nothingIsSwitched } from "./agent-report.ts";
import { isMoving } from "./budget.ts";
import { lastProgress, percentComplete, progressLimitMs } from "./progress.ts";
import { removeEverything } from "./remove-everything.ts";
import { AFTER_WRITE_MS, BUSY_MS, stepNodes, type Outcome, type Round, type RoundNode } from "./round.ts";

/** An operation in another phase, with its percentage. */
export function inPhase(operation: Operation, phase: OperationPhase, nodes: readonly RoundNode[]): Operation {
  return { ...operation, phase, percentComplete: percentComplete(operation, phase, nodes) };
}

/** A pause ends with the operation; for as long as it lasted no deadline ran. */
function released(operation: Operation, { now }: Round): Operation {
  return operation.control.held === undefined
    ? operation
    : { ...operation, control: { ...operation.control, held: undefined, pause: undefined, resumedAt: now } };
}

/**
 * Ends an operation that failed or was cancelled: no node is started, those in flight go on to a safe point, cordons and claims of ours are
 * given back, and if in the end no node is switched, bundle and policy go too. Past twice the progress deadline it ends as it stands.
 */
export function windDown(round: Round, asked: Operation, error: OperationError | undefined): Outcome {
  const { snapshot } = round;
  const operation = released(asked, round);
  const stepped = stepNodes(round, operation.mode, false);
  const isBusy = stepped.nodes.some(({ record }) => isMoving(record, operation.mode));
  const ending: Operation = { ...operation, error };
  const hopeless = round.now - lastProgress(round, operation) > 2 * progressLimitMs(snapshot.policy);
  const goesOn = { ...ending, phase: error === undefined ? ("Canceling" as const) : operation.phase };
  if (!hopeless && (isBusy || stepped.intents.length > 0))
    return { ...stepped, operation: goesOn, lookAgainInMs: stepped.intents.length > 0 ? AFTER_WRITE_MS : BUSY_MS, history: [] };
  const removal = nothingIsSwitched(stepped.nodes) && operation.mode === "BpfVeth" && !round.renews ? removeEverything(round) : undefined;
  if (!hopeless && removal !== undefined && !removal.isDone)
    return {
      ...stepped,
      operation: goesOn,
      intents: removal.intents,
      waits: [...stepped.waits, ...removal.waits],
      lookAgainInMs: AFTER_WRITE_MS,
      history: [],
    };
  const reason = error ?? operation.control.cancelReason;
  const history: HistoryEntry[] = error === undefined ? [] : [{ kind: "OperationError", data: { operationId: operation.id, error } }];
  return {
    ...stepped,
    operation: inPhase({ ...ending, error: reason }, error === undefined ? "Canceled" : "Failed", stepped.nodes),
    lookAgainInMs: BUSY_MS,
    history,
  };
}
