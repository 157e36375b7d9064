import { unreachable, visibleText, type Instant, type Operation, type OperationError } from "@hostrouting/domain";
import { afterQueue, awaitAdmission } from "./admission-queue.ts";
import { agentIsReady } from "./agent-report.ts";
import { analyse } from "./analysis/analyse.ts";
import { bundleThere, waitsForNodes } from "./bundle-upgrade.ts";
import { stepOfUpgrade, withUpgradeSeen } from "./cluster-upgrade.ts";
import { closedWindow, hasNodesToEnable } from "./disruption-gate.ts";
import { hasOpenNodes, isIllForNow, isWanted, whyOverBudget, whyTooFewEnabled, type Shortfall } from "./failure-budget.ts";
import { pauseOperation, resumeOperation } from "./held-operation.ts";
import { closedGate, gateEnd, withPendingGate } from "./policy-gates.ts";
import { nodeIllness } from "./node-health.ts";
import { advance, freshAttempts, progressError, timeoutError } from "./operation-step.ts";
import { policyHold } from "./policy-plan.ts";
import { withRest } from "./resting-operation.ts";
import { rollBack } from "./roll-back.ts";
import { stepNodes, type Outcome, type Round, type RoundNode } from "./round.ts";
import { finalSoak, holdsOperation, StageGate } from "./stage-gate.ts";
import { isSkipped } from "./take-requests.ts";
import { nodeDisruption, sumDisruption } from "./switch-disruption.ts";
import { waitingSince, CLUSTER, type WaitDraft } from "./waits.ts";
import { windDown } from "./wind-down.ts";

/** An unknown answer of preflight is asked again for this long before it blocks for good: five minutes at ten-second sweeps are thirty tries. */
const PREFLIGHT_UNKNOWN_MAX_MS = 5 * 60_000;

/**
 * Switching host routing on: Accepted → Validating → Preparing → Rolling → Finishing → Succeeded. An operation whose error is set while it
 * has not ended is winding down.
 */
export function enableOperation(round: Round, operation: Operation): Outcome {
  return withRest(round, withUpgradeSeen(round, operation), (asked) => withPendingGate(round, enablingStep(round, asked)));
}

function enablingStep(round: Round, asked: Operation): Outcome {
  const queued = awaitAdmission(round, asked);
  if (queued !== undefined) return queued;
  const operation = afterQueue(round, asked);
  if (operation.phase === "RollingBack" && operation.error !== undefined) return rollBack(round, operation, operation.error);
  if (operation.error !== undefined) return windDown(round, operation, operation.error);
  if (operation.cancelRequested || operation.phase === "Canceling") return windDown(round, operation, undefined);
  const cancelReason = gateEnd(round, operation);
  if (cancelReason !== undefined) return windDown(round, { ...operation, control: { ...operation.control, cancelReason } }, undefined);
  if (operation.control.pause !== undefined) return pauseOperation(round, operation, operation.control.pause);
  if (operation.phase === "Pausing" || operation.phase === "Paused") return resumeOperation(round, operation);
  const overdue = timeoutError(round, operation);
  if (overdue !== undefined) return windDown(round, operation, overdue);
  const late = operation.control.pending === undefined ? progressError(round, operation) : undefined;
  if (late !== undefined) return hanging(round, operation, late);
  const upgraded = stepOfUpgrade(round, operation);
  if (upgraded !== undefined) return upgraded;
  switch (operation.phase) {
    case "Accepted":
      return begin(round, operation);
    case "Validating":
      return validate(round, operation);
    case "Preparing":
      return prepare(round, operation);
    case "Rolling":
      return roll(round, operation);
    case "Finishing":
      return finish(round, operation);
    case "RollingBack":
    case "Succeeded":
    case "Failed":
    case "Canceled":
      return advance(operation, stepNodes(round, operation.mode, false), operation.phase);
    default:
      return unreachable(operation.phase);
  }
}

/** With an upgrade the bundle changes for all nodes, so those that were begun with are finished first. */
function begin(round: Round, operation: Operation): Outcome {
  const records = round.nodes.map(({ record }) => record);
  if (waitsForNodes(operation, records)) return advance(operation, stepNodes(round, operation.mode, false), "Accepted");
  return advance(withBundles(round, operation), { nodes: round.nodes.map(freshAttempts), intents: [], waits: [] }, "Validating");
}

/** An upgrade remembers from which bundle to which it goes: the one that is offered may change before it has ended. */
function withBundles({ observed, offered, snapshot }: Round, operation: Operation): Operation {
  if (operation.kind !== "UpgradeBundle") return operation;
  const there = bundleThere(snapshot, observed) ?? offered;
  // One that goes on where another ended goes back to where that one began.
  const from = there.digest === offered.digest ? (snapshot.previous?.bundle?.before ?? there) : there;
  return { ...operation, control: { ...operation.control, bundles: { from, to: offered } } };
}

/** Nothing advances any more: what the policy says of failures is done about it. */
function hanging(round: Round, operation: Operation, late: OperationError): Outcome {
  const { onFailure } = round.snapshot.policy;
  if (onFailure === "Fail") return windDown(round, operation, late);
  if (onFailure === "Rollback" && (operation.phase === "Accepted" || operation.phase === "Validating"))
    return windDown(round, operation, late);
  // The way back has a deadline of its own, which begins now.
  if (onFailure === "Rollback")
    return rollBack(
      round,
      { ...operation, phase: "RollingBack", error: late, control: { ...operation.control, resumedAt: round.now } },
      late,
    );
  const pause = { reason: "ProgressDeadline", message: late.message, by: "" } as const;
  return pauseOperation(round, { ...operation, control: { ...operation.control, pause } }, pause);
}

function validate(round: Round, operation: Operation): Outcome {
  const { preflight } = round.snapshot;
  const stepped = stepNodes(round, operation.mode, false);
  if (preflight.kind === "Failed") return windDown(round, operation, preflight.error);
  if (!hasPassed(round, operation)) return untilKnown(round, operation, stepped);
  const closed = closedGate(round, operation, { at: "BeforeCluster" }) ?? beforeNodes(round, stepped.nodes);
  if (closed !== undefined) return advance(operation, { ...stepped, waits: [...stepped.waits, closed] }, "Validating");
  return preflight.kind === "Passed" ? advance(operation, stepped, "Preparing") : untilKnown(round, operation, stepped);
}

/** An operation that rests has passed, is asked seldom, and goes on resting where nobody knows for a while; before it goes on it has to pass again. */
function hasPassed({ snapshot }: Round, { control }: Operation): boolean {
  return snapshot.preflight.kind === "Passed" || control.rest !== undefined;
}

/** With nothing touched yet, the bundle too waits for a window in which nodes may be started. */
function beforeNodes(round: Round, nodes: readonly RoundNode[]): WaitDraft | undefined {
  return hasNodesToEnable(round, nodes) ? closedWindow(round) : undefined;
}

/** Preflight could not tell: asked again for a while, then it blocks. */
function untilKnown(round: Round, operation: Operation, stepped: Pick<Outcome, "nodes" | "intents" | "waits">): Outcome {
  const { preflight } = round.snapshot;
  const since = waitingSince(round.previousWaits, "ClusterStateUnknown", CLUSTER) ?? round.now;
  if (preflight.kind === "Unknown" && round.now - since > PREFLIGHT_UNKNOWN_MAX_MS) return windDown(round, operation, preflight.error);
  const unknowns = preflight.kind === "Unknown" ? (preflight.error.details ?? []).map((detail) => detail.message).join(" ") : "";
  const wait: WaitDraft = { reason: "ClusterStateUnknown", subject: CLUSTER, message: unknowns || "Preflight has not been run yet." };
  return advance(operation, { ...stepped, waits: [...stepped.waits, wait] }, operation.phase);
}

/** The bundle on every eligible node, nothing attached, and the policy in place; then the rules run again, now with what the agents read. */
function prepare(round: Round, operation: Operation): Outcome {
  const { snapshot, now } = round;
  const { preflight, policy, bundle } = snapshot;
  if (preflight.kind === "Failed") return windDown(round, operation, preflight.error);
  const stepped = stepNodes(round, operation.mode, false);
  const mode = stepped.nodes.some(({ seen }) => seen.spec?.mode === "BpfVeth") ? "BpfVeth" : "Observe";
  const installed = round.driver.install(round, stepped, mode);
  const missing = installed.nodes.filter(
    // Agents of nodes that are on are replaced in their turn.
    (node) => isWanted(round, node) && node.record.phase !== "Enabled" && !agentIsReady(node.seen, bundle.digest),
  );
  const waits: WaitDraft[] = missing.map(({ record, seen }) => ({
    reason: !seen.ready ? "NodeNotReady" : seen.agentPod === undefined ? "BundleInstalling" : "AgentNotReporting",
    subject: record.node,
    message: seen.ready ? `${round.driver.agent} has not reported from the node.` : "The node is not Ready.",
  }));
  const restarts = missing.flatMap(({ seen }) => {
    const pod = seen.agentPod;
    return pod === undefined || pod.deleting || pod.bundleDigest === bundle.digest
      ? []
      : [{ kind: "RestartAgent" as const, node: seen.name, namespace: pod.namespace, pod: pod.name }];
  });
  const late = missing.filter(({ record }) =>
    (["BundleInstalling", "AgentNotReporting"] as const).some((reason) => {
      const since = waitingSince(round.previousWaits, reason, record.node);
      return since !== undefined && now - since > policy.installTimeoutMs;
    }),
  );
  if (late.length > 0) return windDown(round, operation, installError(late));
  const step = {
    nodes: installed.nodes,
    intents: [...stepped.intents, ...installed.intents, ...restarts],
    waits: [...stepped.waits, ...waits],
  };
  if (missing.length > 0 || step.intents.length > 0 || policyHold(snapshot) !== undefined) return advance(operation, step, "Preparing");
  const unacknowledged = hasPassed(round, operation) ? whyUnacknowledged(round, operation, step.nodes) : undefined;
  if (unacknowledged !== undefined) return advance(operation, { ...step, waits: [...step.waits, unacknowledged] }, "Preparing");
  if (preflight.kind !== "Passed") return untilKnown(round, operation, step);
  return advance({ ...operation, control: { ...operation.control, preflightAt: now, upgradeSeen: undefined } }, step, "Rolling");
}

/**
 * Before the first node is switched people must have accepted what that may break, where the policy says so. Nobody is asked again when there are more
 * later: connections come and go all the time. Nodes whose connections nobody can count may have any number.
 */
function whyUnacknowledged(round: Round, operation: Operation, nodes: readonly RoundNode[]): WaitDraft | undefined {
  if (round.snapshot.policy.disruptionAcknowledgement === "NotRequired" || operation.control.acknowledged !== undefined) return undefined;
  const expected = sumDisruption(nodes.map((node) => nodeDisruption(node, operation)));
  if (expected === undefined || expected.expectedAtMost + expected.unknownNodes === 0) return undefined;
  const unknown = expected.unknownNodes === 0 ? "" : ` On ${expected.unknownNodes} of these nodes they could not be counted.`;
  return {
    reason: "DisruptionNotAcknowledged",
    subject: CLUSTER,
    message: `At most ${expected.expectedAtMost} connections of ${expected.nodes} nodes are older than 30 s and may break.${unknown}`,
  };
}

function installError(late: readonly RoundNode[]): OperationError {
  return {
    code: "BundleInstallTimeout",
    message: "The bundle's agent did not report in time from every node. No node was switched.",
    target: "hostrouting-agent",
    details: late.map(({ record }) => ({ code: "AgentNotReporting", message: "No report of the pinned bundle.", target: record.node })),
  };
}

/** Whether a node that was just switched starts no pods: until it does, or is back on the stack, no other is started. Its own wait says why. */
function startsNoPods({ nodes }: Round): boolean {
  return nodes.some(({ seen }) => seen.sandboxes !== undefined);
}

function roll(before: Round, asked: Operation): Outcome {
  const { round, operation, pause } = analyse(before, asked);
  if (pause !== undefined)
    return advance({ ...operation, control: { ...operation.control, pause } }, stepNodes(round, operation.mode, false), "Rolling");
  const gate = new StageGate(round, operation);
  const window = closedWindow(round);
  // What counts as blocked from now on is known before the nodes that would come after it are started.
  const mayStart = window === undefined && !startsNoPods(round) && whyOverBudget(round, operation, round.nodes) === undefined;
  const stepped = stepNodes(round, operation.mode, mayStart && gate);
  const installed = round.driver.install(round, stepped, "BpfVeth");
  const closed = window !== undefined && hasNodesToEnable(round, installed.nodes) ? [window] : [];
  const waits = [...stepped.waits, ...gate.waits, ...closed];
  const step = { nodes: installed.nodes, intents: [...installed.intents, ...stepped.intents], waits };
  const over = whyOverBudget(round, operation, step.nodes);
  if (over !== undefined) return failing(round, operation, { step, why: over });
  if (hasOpenNodes(round, step.nodes) || step.intents.length > 0 || gate.waits.some(holdsOperation))
    return advance(operation, step, "Rolling");
  // The last node may have been enabled in this very round: it is compared, and its batch's gate is asked for, before the operation goes on.
  const last = new StageGate({ ...round, nodes: step.nodes }, operation).waits.filter(holdsOperation);
  if (last.length > 0) return advance(operation, { ...step, waits: [...step.waits, ...last] }, "Rolling");
  const short = whyTooFewEnabled(round, operation, step.nodes);
  return short === undefined ? advance(operation, step, "Finishing") : failing(round, operation, { step, why: short });
}

/** Waits for somebody to look, if the policy says so and they have not looked yet; else remembers the error, and the next rounds wind down. */
function failing(
  round: Round,
  operation: Operation,
  given: { step: Pick<Outcome, "nodes" | "intents" | "waits">; why: Shortfall },
): Outcome {
  const { step, why } = given;
  const { failed, isNews } = why;
  const { onFailure } = round.snapshot.policy;
  const message = `${why.message} Nodes that failed go back to the stack; those that were enabled stay enabled.`;
  const again = round.renews ? "upgrade" : "enable";
  const next = `Look at the details, then \`hostrouting ${again}\` goes on, or \`hostrouting rollback\` takes everything back.`;
  if (onFailure === "Pause" && isNews) {
    const pause = { reason: "NodeFailures", message, by: "" } as const;
    return advance({ ...operation, control: { ...operation.control, pause } }, step, operation.phase);
  }
  const error: OperationError = {
    code: "NodeSwitchFailed",
    message: onFailure === "Rollback" ? why.message : `${message} ${next}`,
    target: failed.map(({ record }) => record.node).join(", "),
    details: failed.map((node) => nodeError(node, round.now)),
  };
  if (onFailure !== "Rollback") return advance({ ...operation, error }, step, operation.phase);
  const nodes = round.renews ? step.nodes.map(freshAttempts) : step.nodes;
  return advance({ ...operation, error }, { ...step, nodes }, "RollingBack");
}

function nodeError({ record, seen }: RoundNode, now: Instant): OperationError {
  const ill = nodeIllness(record, seen, now);
  if (isSkipped(record)) return { code: "Skipped", message: visibleText(record.skipped?.reason ?? ""), target: record.node };
  return {
    code: record.problem?.reason ?? ill?.reason ?? "Unknown",
    message: record.problem?.message ?? ill?.message ?? "",
    target: record.node,
  };
}

/** All nodes are enabled and soak. One that joins now, or was switched off, is switched under the budget when nodes may be disturbed, without a canary of its own. */
function finish(round: Round, operation: Operation): Outcome {
  const window = closedWindow(round);
  const mayStart = window === undefined && !startsNoPods(round) && whyOverBudget(round, operation, round.nodes) === undefined;
  const moved = stepNodes(round, operation.mode, mayStart);
  const installed = round.driver.install(round, moved, "BpfVeth");
  const closed = window !== undefined && hasNodesToEnable(round, installed.nodes) ? [window] : [];
  const stepped = { nodes: installed.nodes, intents: [...installed.intents, ...moved.intents], waits: [...moved.waits, ...closed] };
  const over = whyOverBudget(round, operation, stepped.nodes);
  if (over !== undefined) return failing(round, operation, { step: stepped, why: over });
  const isOpen = hasOpenNodes(round, stepped.nodes) || stepped.nodes.some((node) => isIllForNow(round, node));
  if (stepped.intents.length > 0 || isOpen) return advance(operation, stepped, "Finishing");
  const held = finalSoak(round, stepped.nodes) ?? closedGate(round, operation, { at: "AfterCluster" });
  if (held !== undefined) return advance(operation, { ...stepped, waits: [...stepped.waits, held] }, "Finishing");
  return advance(operation, stepped, "Succeeded");
}
