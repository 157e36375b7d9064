import {
  isTerminal,
  type ClusterDisruption,
  type HistoryEntry,
  type Instant,
  type MeasuredDisruption,
  type NodeDisruption,
  type NodeRollout,
  type Operation,
  type SwitchDisruption,
} from "@hostrouting/domain";
import { currentReport, hasObserved } from "./agent-report.ts";
import type { RoundNode } from "./round.ts";
import type { NodeObservation } from "./snapshot.ts";
import { isSkipped } from "./take-requests.ts";

/** How long an agent watches after the last step of a switch. */
const WATCHED_SECONDS = 60;

/** TCP connections of the node's pods that are older than 30 s, at most; undefined where its agent does not count, or cannot yet. Pure. */
export function longLivedOn(seen: NodeObservation): number | undefined {
  const census = currentReport(seen)?.census;
  return census?.state === "Known" ? census.longLived : undefined;
}

/** What a round's step is compared with. `operationId`: of whoever owns the round. */
export type DisruptionContext = { readonly before: NodeRollout | undefined; readonly operationId: string; readonly now: Instant };

/**
 * The record with what its switch may disturb, noted in the round that asks the node to switch, and with what its agent has measured since. The record
 * itself where there is nothing new. Pure.
 */
export function withDisruption({ record, seen }: RoundNode, context: DisruptionContext): NodeRollout {
  const step = stepAhead(record, context.before, seen);
  if (step !== undefined) {
    const { operationId, now } = context;
    const expectedAtMost = longLivedOn(seen);
    const ahead = { operationId, attempt: record.attempt, step, at: now };
    return { ...record, disruption: expectedAtMost === undefined ? ahead : { ...ahead, expectedAtMost } };
  }
  const { disruption } = record;
  if (disruption === undefined || disruption.measured?.isFinal === true) return record;
  const measured = measuredOf(disruption, record, seen);
  if (measured === undefined || JSON.stringify(measured) === JSON.stringify(disruption.measured)) return record;
  return { ...record, disruption: { ...disruption, measured } };
}

/** A node whose traffic takes the stack already has nothing to lose by letting go. */
function stepAhead({ phase }: NodeRollout, before: NodeRollout | undefined, seen: NodeObservation): SwitchDisruption["step"] | undefined {
  if (phase === before?.phase) return undefined;
  if (phase === "Switching") return "On";
  return phase === "Detaching" && currentReport(seen)?.effectiveMode !== "Legacy" ? "Off" : undefined;
}

/** The agent's figures, if they are of this very switch: it has acted on the order, and what it did last is in the switch's direction. */
function measuredOf({ step }: SwitchDisruption, record: NodeRollout, seen: NodeObservation): MeasuredDisruption | undefined {
  const report = currentReport(seen);
  const figures = report?.disruption;
  if (!hasObserved(report, record) || figures === undefined) return undefined;
  const isOn = figures.step === "On" || figures.step === "Confirm";
  if (isOn !== (step === "On")) return undefined;
  const isFinal = isOn ? figures.step === "Confirm" && figures.watchedSeconds >= WATCHED_SECONDS : figures.step === "Detach";
  return { reset: figures.byReason.reset, timeout: figures.byReason.timeout, isFinal };
}

/** What operators see of one node: of the operation's switch once there was one, and what is counted now as long as it is ahead. Pure. */
export function nodeDisruption({ record, seen }: RoundNode, operation: Operation | undefined): NodeDisruption | undefined {
  const { disruption } = record;
  if (disruption !== undefined && (operation === undefined || disruption.operationId === operation.id)) {
    const { step, expectedAtMost, measured } = disruption;
    const state = measured?.isFinal === true ? "Measured" : "Switched";
    return { step, state, ...(expectedAtMost !== undefined && { expectedAtMost }), ...(measured && { measured }) };
  }
  if (operation === undefined || isTerminal(operation.phase) || seen.ineligible !== undefined || isSkipped(record)) return undefined;
  const isOn = currentReport(seen)?.effectiveMode === "BpfVeth";
  if (isOn === (operation.mode === "BpfVeth") || (!isOn && record.phase === "Disabled" && operation.mode === "None")) return undefined;
  const expectedAtMost = longLivedOn(seen);
  return { step: operation.mode === "BpfVeth" ? "On" : "Off", state: "Ahead", ...(expectedAtMost !== undefined && { expectedAtMost }) };
}

/** All nodes' summed up; undefined when no node is or was switched. Pure. */
export function sumDisruption(nodes: readonly (NodeDisruption | undefined)[]): ClusterDisruption | undefined {
  const said = nodes.filter((node) => node !== undefined);
  if (said.length === 0) return undefined;
  const total = (of: (node: NodeDisruption) => number | undefined): number => said.reduce((sum, node) => sum + (of(node) ?? 0), 0);
  return {
    nodes: said.length,
    unknownNodes: total(({ expectedAtMost }) => (expectedAtMost === undefined ? 1 : 0)),
    expectedAtMost: total(({ expectedAtMost }) => expectedAtMost),
    measuredNodes: total(({ state }) => (state === "Measured" ? 1 : 0)),
    reset: total(({ measured }) => measured?.reset),
    timeout: total(({ measured }) => measured?.timeout),
  };
}

/** What history keeps: what each switch could disturb and what it did, and the operation's sum when it ends. Pure. */
export function disruptionHistory(
  nodes: readonly NodeRollout[],
  before: ReadonlyMap<string, NodeRollout>,
  ended: { readonly operationId: string; readonly sum: ClusterDisruption } | undefined,
): readonly HistoryEntry[] {
  const ofNodes = nodes.flatMap(({ node, uid, disruption }): HistoryEntry[] => {
    const known = before.get(uid)?.disruption;
    if (disruption === undefined || disruption === known) return [];
    const { operationId, attempt, step, expectedAtMost = "unknown", measured } = disruption;
    const data = { operationId, node, attempt, step, expectedAtMost };
    if (measured === undefined) return [{ kind: "NodeDisruptionExpected", data }];
    const { isFinal, ...counts } = measured;
    return isFinal ? [{ kind: "NodeDisruptionMeasured", data: { ...data, ...counts } }] : [];
  });
  return ended === undefined
    ? ofNodes
    : [...ofNodes, { kind: "OperationDisruption", data: { operationId: ended.operationId, ...ended.sum } }];
}
