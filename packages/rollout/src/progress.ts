import {
  nodeBudgetMs,
  unreachable,
  type Instant,
  type NodePhase,
  type NodeRollout,
  type Operation,
  type OperationPhase,
  type RolloutPolicy,
} from "@hostrouting/domain";
import { carriesOther } from "./bundle-upgrade.ts";
import type { Round, RoundNode } from "./round.ts";

/** How much of one node's way to `Enabled` lies behind it, 0–1. */
function towardsEnabled(phase: NodePhase): number {
  switch (phase) {
    case "Enabled":
      return 1;
    case "Soaking":
      return 0.9;
    case "Confirming":
      return 0.7;
    case "Verifying":
      return 0.5;
    case "Switching":
      return 0.3;
    case "Cordoning":
    case "Draining":
    case "Installing":
      return 0.1;
    case "Pending":
    case "Detaching":
    case "Disabled":
    case "Failed":
    case "Gone":
      return 0;
    default:
      return unreachable(phase);
  }
}

function towardsDisabled(phase: NodePhase): number {
  if (phase === "Disabled") return 1;
  return phase === "Detaching" ? 0.4 : 0;
}

/** Validating and preparing count for little, since nodes are what takes time; only success is 100. */
const ROLLING_FROM = 10;
const ROLLING_TO = 95;

/** 0–100 for an operation in a phase; never below what was reported before. */
export function percentComplete(operation: Operation, phase: OperationPhase, nodes: readonly RoundNode[]): number {
  return Math.max(operation.percentComplete, Math.floor(percentOf(operation, phase, nodes)));
}

function percentOf(operation: Operation, phase: OperationPhase, nodes: readonly RoundNode[]): number {
  switch (phase) {
    case "Accepted":
    case "Canceling":
    case "RollingBack":
    case "Failed":
    case "Canceled":
      return 0;
    case "Pausing":
    case "Paused":
      return operation.control.held === undefined ? 0 : percentOf(operation, operation.control.held.from, nodes);
    case "Validating":
      return 2;
    case "Preparing":
      return 5;
    case "Rolling": {
      const counted = nodes.filter(({ seen }) => seen.ineligible === undefined);
      const share = operation.mode === "BpfVeth" ? towardsEnabled : towardsDisabled;
      const target = operation.control.bundles?.to.digest;
      const isBefore = (node: RoundNode): boolean => target !== undefined && carriesOther(node, target);
      const done = counted.reduce((sum, node) => sum + (isBefore(node) ? 0 : share(node.record.phase)), 0);
      return ROLLING_FROM + (ROLLING_TO - ROLLING_FROM) * (counted.length === 0 ? 1 : done / counted.length);
    }
    case "Finishing":
      return ROLLING_TO + 2;
    case "Succeeded":
      return 100;
    default:
      return unreachable(phase);
  }
}

/** What is planned to pass after a node was enabled is no want of progress. */
function plannedSoakMs({ phase, stage }: NodeRollout, operation: Operation, policy: RolloutPolicy): number {
  if (phase !== "Enabled" || stage === undefined) return 0;
  if (operation.phase === "Finishing") return policy.finalSoakMs;
  return stage === 0 ? policy.canarySoakMs : policy.batchSoakMs;
}

/** How long nothing may advance before an operation hangs: what one node may take, and the policy's patience. */
export function progressLimitMs(policy: RolloutPolicy): number {
  return nodeBudgetMs(policy) + policy.progressDeadlineMs;
}

/** For how long people, windows and the queue have held an operation so far, with what holds it now. */
export function waitedMs({ now }: Pick<Round, "now">, { control }: Operation): number {
  const since = control.held?.since ?? control.pending?.since;
  return (control.waitedMs ?? 0) + (since === undefined ? 0 : now - since);
}

/** When anything last advanced: the operation began or was resumed, a node changed its phase, a node was compared, or the cluster came back into reach. */
export function lastProgress(round: Round, operation: Operation): Instant {
  const reachable = round.snapshot.previous?.conditions.find((condition) => condition.type === "Reachable");
  const since = reachable?.status === "True" ? Date.parse(reachable.lastTransitionTime) : operation.startedAt;
  const { policy } = round.snapshot;
  const times = round.nodes.map(({ record }) => record.since + plannedSoakMs(record, operation, policy));
  const looks = (operation.control.analysis ?? []).map((each) => each.lookedAt ?? each.since);
  return Math.max(operation.startedAt, operation.control.resumedAt ?? 0, Number.isNaN(since) ? 0 : since, ...times, ...looks) as Instant;
}
