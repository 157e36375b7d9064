import { waitsItsTurn, type Operation, type OperationPhase, type OperationRest } from "@hostrouting/domain";
import { queueWait } from "./admission-queue.ts";
import { isInFlight, isMoving } from "./budget.ts";
import { isHoldingWait, withPendingGate } from "./policy-gates.ts";
import { AFTER_WRITE_MS, stepNodes, type Outcome, type Round } from "./round.ts";

/** Phases in which an operation may wait for people or time with nothing of it moving. */
const MAY_REST: ReadonlySet<OperationPhase> = new Set(["Validating", "Preparing", "Rolling", "Finishing"]);

/**
 * Gives the place of an operation away while gates, windows or an acknowledgement hold it and nothing of it moves, and asks for it again before it goes
 * on. What it would do is tried in every round: as long as that is nothing but waiting and upkeep, it rests; where it is more, it is done with a
 * place only. Whatever ends or pauses it asks for none. Pure.
 */
export function withRest(round: Round, operation: Operation, step: (operation: Operation) => Outcome): Outcome {
  const tried = step(operation);
  const { rest } = operation.control;
  if (tried.operation === undefined) return tried;
  if (!goesOn(tried.operation)) return withRestOf(tried, tried.operation.phase === "Pausing" ? rest : undefined);
  const isHeld = tried.waits.some(isHoldingWait);
  if (rest === undefined) {
    const beginsToRest = isHeld && isQuiet(tried, operation) && tried.operation.phase === operation.phase;
    return beginsToRest ? withRestOf(tried, { since: round.now, isOver: false }) : tried;
  }
  const idle = stepNodes(round, operation.mode, false);
  if (isHeld && !startsNodes(tried, idle)) return withRestOf(tried, { ...rest, isOver: false });
  const { admission } = round.snapshot;
  if (!waitsItsTurn(operation.kind) || (rest.isOver && admission?.kind !== "Waits")) return withRestOf(tried, undefined);
  return queued(round, operation, { idle, tried, rest });
}

type Trial = { readonly idle: Pick<Outcome, "nodes" | "intents" | "waits">; readonly tried: Outcome; readonly rest: OperationRest };

/** It could go on, and stays where it is until it has a place; its nodes are looked after, and gates that hold others of them can be answered. */
function queued(round: Round, operation: Operation, { idle, tried, rest }: Trial): Outcome {
  const { wait, lookAgainInMs } = queueWait(rest.isOver ? round.snapshot.admission : undefined);
  const waits = [...idle.waits, ...tried.waits.filter(isHoldingWait), wait];
  const asking = { ...operation, control: { ...operation.control, rest: { ...rest, isOver: true } } };
  const looksSoon = idle.intents.length > 0 ? Math.min(AFTER_WRITE_MS, lookAgainInMs) : lookAgainInMs;
  return withPendingGate(round, { ...idle, operation: asking, waits, lookAgainInMs: looksSoon, history: [] });
}

/** Whether it is under way, and neither ends nor is paused. */
function goesOn({ phase, error, cancelRequested, control }: Operation): boolean {
  return MAY_REST.has(phase) && error === undefined && !cancelRequested && control.pause === undefined;
}

/** Whether nothing moves. Nodes that are compared with others may have to go back, so they do. */
function isQuiet({ intents, nodes, waits }: Outcome, { mode }: Operation): boolean {
  const moves = nodes.some(({ record }) => isMoving(record, mode));
  return intents.length === 0 && !moves && !waits.some(({ reason }) => reason === "AnalysisRunning");
}

/** Whether nodes are started that upkeep alone would leave alone. */
function startsNodes(tried: Pick<Outcome, "nodes">, idle: Pick<Outcome, "nodes">): boolean {
  const inFlight = ({ nodes }: Pick<Outcome, "nodes">): readonly string[] =>
    nodes.filter(({ record }) => isInFlight(record.phase)).map(({ record }) => record.uid);
  const anyway = new Set(inFlight(idle));
  return inFlight(tried).some((uid) => !anyway.has(uid));
}

function withRestOf(outcome: Outcome, rest: OperationRest | undefined): Outcome {
  const { operation } = outcome;
  if (operation === undefined || operation.control.rest === rest) return outcome;
  const { rest: _before, ...control } = operation.control;
  return { ...outcome, operation: { ...operation, control: rest === undefined ? control : { ...control, rest } } };
}
