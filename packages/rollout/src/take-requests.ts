import type { NodeRequest, NodeRollout, Operation } from "@hostrouting/domain";
import type { Round, RoundNode } from "./round.ts";

/** Whether a node is left out: what was in flight when somebody asked goes on to a safe point first, and may still be enabled. */
export function isSkipped({ skipped, phase }: NodeRollout): boolean {
  return skipped !== undefined && (phase === "Pending" || phase === "Failed" || phase === "Disabled");
}

/** Takes up what was asked for of nodes since the round before; what winds down takes up nothing any more. */
export function takeRequests(round: Round, operation: Operation): { readonly round: Round; readonly operation: Operation } {
  const { requests = [], ...control } = operation.control;
  if (requests.length === 0) return { round, operation };
  if (operation.error !== undefined || operation.cancelRequested) return { round, operation: { ...operation, control } };
  const nodes = requests.reduce((before, request) => before.map((node) => asked(node, request, round)), round.nodes);
  const failed = new Set(nodes.filter(({ record }) => record.phase === "Failed").map(({ record }) => record.uid));
  const acceptedFailures = control.acceptedFailures?.filter((uid) => failed.has(uid));
  return { round: { ...round, nodes }, operation: { ...operation, control: { ...control, acceptedFailures } } };
}

function asked(node: RoundNode, request: NodeRequest, { now }: Round): RoundNode {
  const { record } = node;
  if (request.node !== undefined && request.node !== record.node) return node;
  if (request.kind === "Skip") {
    const isOn = record.phase === "Enabled" || record.phase === "Soaking";
    return isOn ? node : { ...node, record: { ...record, skipped: { reason: request.reason, by: request.by } } };
  }
  const isNamed = request.node !== undefined;
  if (record.phase !== "Failed" && !(isNamed && record.skipped !== undefined)) return node;
  // One that was left out on purpose is tried only when it is named.
  if (record.skipped !== undefined && !isNamed) return node;
  const again = record.phase === "Failed" ? { phase: "Pending" as const, since: now, attempt: 0, problem: undefined } : {};
  return { ...node, record: { ...record, ...again, skipped: undefined } };
}
