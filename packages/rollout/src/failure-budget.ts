import { shareOf, type Instant, type Operation } from "@hostrouting/domain";
import { carriesOther } from "./bundle-upgrade.ts";
import { nodeIllness } from "./node-health.ts";
import type { Round, RoundNode } from "./round.ts";
import { isSkipped } from "./take-requests.ts";
import { waitingSince } from "./waits.ts";

/** Why an operation cannot go on as it is, the nodes that it is about, and whether nobody has been told of them before. */
export type Shortfall = { readonly message: string; readonly failed: readonly RoundNode[]; readonly isNews: boolean };

const isFailed = ({ record }: RoundNode): boolean => record.phase === "Failed" && record.problem?.reason !== "DrainBlocked";
const isUndrainable = ({ record }: RoundNode): boolean => record.phase === "Failed" && record.problem?.reason === "DrainBlocked";

/** Whether the operation must reach this node. A node that stays ill for the time of an installation is left to the upkeep. */
export function isWanted(round: Round, { record, seen }: RoundNode): boolean {
  if (seen.ineligible !== undefined || isSkipped(record)) return false;
  if (nodeIllness(record, seen, round.now) === undefined) return true;
  const since = waitingSince(round.previousWaits, "NodeNotReady", record.node);
  const unwell = waitingSince(round.previousWaits, "NodeUnhealthy", record.node);
  return round.now - Math.min(since ?? round.now, unwell ?? round.now) <= round.snapshot.policy.installTimeoutMs;
}

/** Whether a node that is switched is ill, and not for so long yet that it counts as blocked: what comes after it waits for it. */
export function isIllForNow(round: Round, node: RoundNode): boolean {
  const { record, seen } = node;
  return record.phase === "Enabled" && nodeIllness(record, seen, round.now) !== undefined && isWanted(round, node);
}

/** Whether a node is where an operation that switches on wants it. */
export function isReached({ renews, snapshot }: Round, node: RoundNode): boolean {
  return node.record.phase === "Enabled" && !(renews && carriesOther(node, snapshot.bundle.digest));
}

/** Whether the operation has nodes before it: those that failed within the budgets are behind it. */
export function hasOpenNodes(round: Round, nodes: readonly RoundNode[]): boolean {
  return nodes.some((node) => !isReached(round, node) && node.record.phase !== "Failed" && isWanted(round, node));
}

/** Whether somebody resumed though the node had failed. */
function isAccepted({ control }: Operation, { uid }: RoundNode["record"]): boolean {
  return control.acceptedFailures?.includes(uid) ?? false;
}

/** Whether a node has been ill for so long that it counts as blocked, whether or not it is switched. */
function isAway(round: Round, node: RoundNode): boolean {
  const { record, seen } = node;
  return seen.ineligible === undefined && !isSkipped(record) && record.phase !== "Failed" && !isWanted(round, node);
}

/** Nodes that failed or are away as it stands: known to whoever resumes now. */
export function knownFailures(nodes: readonly RoundNode[], now: Instant): NonNullable<Operation["control"]["acceptedFailures"]> {
  return nodes
    .filter(({ record, seen }) => record.phase === "Failed" || nodeIllness(record, seen, now) !== undefined)
    .map(({ record }) => record.uid);
}

/** What more nodes failed, or are blocked, than the policy tolerates; while it lasts no node may be started. */
export function whyOverBudget(round: Round, operation: Operation, all: readonly RoundNode[]): Shortfall | undefined {
  const { maxFailedNodes, maxBlockedNodes, undrainableNodeBehavior } = round.snapshot.policy;
  const eligible = all.filter(({ seen }) => seen.ineligible === undefined).length;
  const nodes = all.filter(({ record }) => !isAccepted(operation, record) && !isSkipped(record));
  const failed = nodes.filter(isFailed);
  const failedMax = shareOf(maxFailedNodes, eligible, "Up");
  if (failed.length > failedMax)
    return { message: `${failed.length} of ${eligible} nodes failed, and at most ${failedMax} may.`, failed, isNews: true };
  const undrainable = nodes.filter(isUndrainable);
  if (undrainable.length > 0 && undrainableNodeBehavior === "Fail")
    return { message: `${undrainable.length} of ${eligible} nodes could not be drained.`, failed: undrainable, isNews: true };
  const blocked = nodes.filter((node) => isUndrainable(node) || isAway(round, node));
  const blockedMax = shareOf(maxBlockedNodes, eligible, "Up");
  if (blocked.length <= blockedMax) return undefined;
  return {
    message: `${blocked.length} of ${eligible} nodes are blocked, and at most ${blockedMax} may be.`,
    failed: blocked,
    isNews: true,
  };
}

/** What is missing at the end, when no node is left to be started: fewer are enabled than the policy asks for. */
export function whyTooFewEnabled(round: Round, operation: Operation, nodes: readonly RoundNode[]): Shortfall | undefined {
  const { minSuccessPercent } = round.snapshot.policy;
  const reached = nodes.filter((node) => isWanted(round, node) || (node.seen.ineligible === undefined && isSkipped(node.record)));
  const enabled = reached.filter((node) => isReached(round, node)).length;
  if (enabled * 100 >= minSuccessPercent * reached.length) return undefined;
  const failed = reached.filter(({ record }) => record.phase === "Failed" || isSkipped(record));
  return {
    message: `${enabled} of ${reached.length} nodes are enabled, and ${minSuccessPercent} % must be.`,
    failed,
    isNews: failed.some(({ record }) => !isAccepted(operation, record) && !isSkipped(record)),
  };
}
