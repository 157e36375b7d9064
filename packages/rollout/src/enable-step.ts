import { as, unreachable, type Instant, type NodeRollout } from "@hostrouting/domain";
import {
  agentIsReady,
  currentReport,
  hasObserved,
  isKnownLegacy,
  lastOrder,
  nextGeneration,
  withOrder,
  EFFECTIVE_MODE_MISMATCH,
} from "./agent-report.ts";
import { sampleOf } from "./analysis/sample.ts";
import { carriesOther } from "./bundle-upgrade.ts";
import { isEmptyFromBirth } from "./held-back.ts";
import { nodeIllness } from "./node-health.ts";
import { detachStep } from "./detach-step.ts";
import { askAgain, whileOff } from "./emergency-off-step.ts";
import { renewObject } from "./renew-object.ts";
import type { Intent } from "./intent.ts";
import { drainStep, cordonStep } from "./drain-step.ts";
import { desiredSpec, enter, hold, isAskedFor, isOverdue, move, claimOf, patchNode, type NodeStep, type StepContext } from "./node-step.ts";
import { isLaterClaim, isOurClaim, parseOwner } from "./owner.ts";
import { waitingSince } from "./waits.ts";

/** Their stage; see the stage gate. */
const CANARIES = 0;
/** A kubelet tries to make a sandbox every ten seconds or so: what fails for a minute is no matter of the moment. */
const SANDBOXES_FAIL_MS = 60_000;
/** A node passes at most these many phases in one round; more would be a circle. */
const MOVES_PER_ROUND_MAX = 4;

/**
 * One node's way to `Enabled`: Pending → (Cordoning → Draining →) Installing → Switching → Verifying → Confirming → Soaking → Enabled.
 * What fails after the switch goes through Detaching back to Pending, and to Failed once its attempts are used up.
 * The record says what is to be done before it is done; doing it twice changes nothing.
 */
export function enableStep(record: NodeRollout, context: StepContext): NodeStep {
  let step = once(record, context);
  for (let moves = 1; moves < MOVES_PER_ROUND_MAX; moves += 1) {
    if (step.intents.length > 0 || step.waits.length > 0) break;
    const next = once(step.record, context);
    if (next.record.phase === step.record.phase && next.intents.length === 0 && next.waits.length === 0) break;
    step = next;
  }
  return step;
}

function once(record: NodeRollout, context: StepContext): NodeStep {
  if (context.emergencyOff && record.phase !== "Detaching") return whileOff(record, context);
  switch (record.phase) {
    case "Pending":
    case "Disabled":
    case "Gone":
      return start(record.phase === "Pending" ? record : enter(record, "Pending", context.now), context);
    case "Cordoning":
      return cordonStep(record, context);
    case "Draining":
      return drainStep(record, context);
    case "Installing":
      return install(record, context);
    case "Switching":
      return switchOver(record, context);
    case "Verifying":
      return verify(record, context);
    case "Confirming":
      return confirm(record, context);
    case "Soaking":
      return soak(record, context);
    case "Enabled":
      return keep(record, context);
    case "Detaching":
      return detachStep(record, context, afterRevert);
    case "Failed":
      return stayFailed(record, context);
    default:
      return unreachable(record.phase);
  }
}

function start(record: NodeRollout, context: StepContext): NodeStep {
  const { seen } = context;
  if (!context.mayStart || seen.ineligible !== undefined || record.skipped !== undefined) return move(record);
  const ill = nodeIllness(record, seen, context.now);
  if (ill !== undefined) return hold(record, ill);
  if (currentReport(seen)?.reason === "EmergencyOff") return askAgain(record, context);
  const pod = seen.agentPod;
  if (pod !== undefined && !pod.deleting && pod.bundleDigest !== context.bundle.digest)
    return hold(
      record,
      { reason: "BundleInstalling", message: "The node runs another bundle; its agent is being replaced." },
      { kind: "RestartAgent", node: seen.name, namespace: pod.namespace, pod: pod.name },
    );
  if (!agentIsReady(seen, context.bundle.digest))
    return hold(record, { reason: "AgentNotReporting", message: `${context.driver.agent} has not reported from the node.` });
  // Only now that the agent of this boot has reported is it known what the rules judge.
  if (context.refusal !== undefined) {
    const { ruleId, message, overrideEnded } = context.refusal;
    return hold(record, { reason: overrideEnded ? "OverrideEnded" : "PreflightBlocked", message: `${ruleId}: ${message}` });
  }
  if (isLaterClaim(parseOwner(seen.owner), context.owner))
    return hold(record, { reason: "LeaseHeldElsewhere", message: `The node is claimed by ${seen.owner}.` });
  const taken = takePlace(record, context);
  if ("intents" in taken) return taken;
  return move(enter(begun(taken, context), isToBeDrained(taken, context) ? "Cordoning" : "Installing", context.now));
}

/** The record with its stage when there is a place for it; else why not. */
function takePlace(record: NodeRollout, context: StepContext): NodeRollout | NodeStep {
  const { seen, policyHold, stages, budget } = context;
  if (policyHold !== undefined) return hold(record, policyHold);
  const stage = stages?.stageOf(record, seen);
  if (stage === undefined && waitsForItsTurn(record, context)) return move(record);
  if (stage === CANARIES && context.lacksFigures())
    return hold(record, { reason: "AnalysisRunning", message: "No other node of its kind is left, so its own figures are taken first." });
  const refusal = budget.take(seen);
  if (refusal !== undefined) return hold(record, { reason: "DisruptionBudgetFull", message: `${refusal}.` });
  if (stage !== undefined) stages?.take(record, seen);
  return { ...record, stage: stage ?? record.stage };
}

/** A node that pods are kept off is worth nothing until it is switched, and nobody is disturbed by that: it waits for no canary and no batch. */
function waitsForItsTurn({ heldBack }: NodeRollout, { stages }: StepContext): boolean {
  return stages !== undefined && heldBack === undefined;
}

function isToBeDrained(record: NodeRollout, { policy }: StepContext): boolean {
  return policy.nodeAction === "DrainAndSwitch" && !isEmptyFromBirth(record);
}

/**
 * A node that is on is brought to another bundle: its agent is replaced, and the new one takes over what the old one has attached. Nothing is
 * drained, whatever the policy says of switches, since no packet changes its path.
 */
function renew(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now } = context;
  if (!context.mayStart) return move(record);
  const ill = nodeIllness(record, seen, now);
  if (ill !== undefined) return hold(record, ill);
  if (isLaterClaim(parseOwner(seen.owner), context.owner))
    return hold(record, { reason: "LeaseHeldElsewhere", message: `The node is claimed by ${seen.owner}.` });
  const taken = takePlace(record, context);
  if ("intents" in taken) return taken;
  const { cordonedByUs, platformRules } = record;
  return move(enter({ ...begun(taken, context), cordonedByUs, platformRules }, "Installing", now));
}

/**
 * Where a node rests whose attempt ends before it was asked to switch: one that is on under an earlier order is still on, also when somebody deleted the
 * object that it stood in. An order alone proves nothing.
 */
function restingPhase(record: NodeRollout, { seen, renews }: StepContext): "Pending" | "Enabled" {
  const order = lastOrder(record, seen);
  const isOn = order?.mode === "BpfVeth" && order.bootId === seen.bootId && order.generation < record.switchGeneration;
  const isProved = record.verifiedBoot === seen.bootId && !isKnownLegacy(record, seen);
  return renews && isOn && isProved ? "Enabled" : "Pending";
}

/** The record of a node's next attempt. */
function begun(record: NodeRollout, context: StepContext): NodeRollout {
  const { seen } = context;
  return {
    ...record,
    attempt: record.attempt + 1,
    switchGeneration: nextGeneration(record, seen),
    platformRules: currentReport(seen)?.platformRules?.state,
    cordonedByUs: isToBeDrained(record, context) && (record.cordonedByUs || !seen.unschedulable),
    drainedAt: undefined,
    verifiedCount: 0,
    lastVerifiedAt: undefined,
    figuresBefore: record.stage === CANARIES ? sampleOf(seen) : undefined,
  };
}

function install(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now, policy } = context;
  if (!seen.ready)
    return move(
      enter(
        { ...record, problem: { reason: "NodeNotReady", message: "The node stopped being Ready before it was switched." } },
        restingPhase(record, context),
        now,
      ),
    );
  if (context.policyHold !== undefined) return withoutPolicy(record, context);
  if (agentIsReady(seen, context.bundle.digest)) return move(enter(record, "Switching", now));
  if (isOverdue(record, policy.installTimeoutMs, now))
    return move(
      afterRevert(
        { ...record, problem: { reason: "InstallTimeout", message: `${context.driver.agent} did not report in time.` } },
        context,
      ),
    );
  const claim = missingClaim(context);
  if (claim.length > 0) return move(record, ...claim);
  const wait = {
    reason: "BundleInstalling" as const,
    message: `${context.driver.agent} has not reported from the node.`,
    until: as<Instant>(record.since + policy.installTimeoutMs),
  };
  const pod = seen.agentPod;
  if (pod === undefined || pod.deleting || pod.bundleDigest === context.bundle.digest) return hold(record, wait);
  return hold(record, wait, { kind: "RestartAgent", node: seen.name, namespace: pod.namespace, pod: pod.name });
}

/** What claims a node that is not claimed yet. Where something follows in the same round, it is done only if this was. */
function missingClaim(context: StepContext): readonly Intent[] {
  const { seen, owner } = context;
  return isOurClaim(parseOwner(seen.owner), owner) ? [] : [patchNode(seen, claimOf(context))];
}

/** The policy was lost before the node was asked to switch: the attempt counts for nothing. */
function withoutPolicy(record: NodeRollout, context: StepContext): NodeStep {
  return move(enter({ ...record, attempt: record.attempt - 1 }, restingPhase(record, context), context.now));
}

function switchOver(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now, policy } = context;
  const isAsked = (lastOrder(record, seen)?.generation ?? 0) >= record.switchGeneration;
  if (context.policyHold !== undefined && !isAsked) return withoutPolicy(record, context);
  const problem = switchProblem(record, context);
  if (problem !== undefined) return problem;
  const report = currentReport(seen);
  const wanted = desiredSpec(record, "BpfVeth", context);
  const writes = context.driver.order(wanted, seen);
  if (isAskedFor(wanted, seen) && hasObserved(report, record) && report.effectiveMode === "BpfVeth")
    return move(enter({ ...record, verifiedCount: 0, lastVerifiedAt: undefined }, "Verifying", now));
  if (isOverdue(record, policy.switchTimeoutMs, now))
    return revert(record, context, { reason: "SwitchTimeout", message: report?.message || "The agent did not switch the node in time." });
  const said = report === undefined ? "no report yet." : [report.reason, report.message].filter((part) => part !== "").join(": ");
  return hold(
    writes.length > 0 ? withOrder(record, seen) : record,
    { reason: "Switching", message: `The agent says: ${said}`, until: as<Instant>(record.since + policy.switchTimeoutMs) },
    ...(writes.length > 0 ? missingClaim(context) : []),
    ...writes,
  );
}

function verify(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now, policy } = context;
  const problem = switchProblem(record, context);
  if (problem !== undefined) return problem;
  const report = currentReport(seen);
  const why = report === undefined ? "no report" : context.driver.whyNotVerified(report, record, context.bundle.digest);
  const until = as<Instant>(record.since + policy.switchTimeoutMs);
  if (report === undefined || why !== undefined || report.observedAtMs === undefined) {
    if (isOverdue(record, policy.switchTimeoutMs, now))
      return revert(record, context, { reason: "VerificationFailed", message: why ?? "no time of observation" });
    return hold({ ...record, verifiedCount: 0, lastVerifiedAt: undefined }, { reason: "Verifying", message: `Not proved: ${why}.`, until });
  }
  const fresh = record.lastVerifiedAt === undefined || report.observedAtMs - record.lastVerifiedAt >= policy.verifyIntervalMs;
  const verified = fresh
    ? { ...record, verifiedCount: record.verifiedCount + 1, lastVerifiedAt: as<Instant>(report.observedAtMs) }
    : record;
  if (verified.verifiedCount >= policy.verifyCount)
    return move(enter({ ...verified, verifiedBoot: seen.bootId, verifiedBundle: context.bundle.digest }, "Confirming", now));
  if (isOverdue(record, policy.switchTimeoutMs, now))
    return revert(record, context, { reason: "VerificationFailed", message: "too few observations" });
  return hold(verified, {
    reason: "Verifying",
    message: `${verified.verifiedCount} of ${policy.verifyCount} observations agree.`,
    until,
  });
}

function confirm(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now, policy } = context;
  const problem = switchProblem(record, context);
  if (problem !== undefined) return problem;
  const report = currentReport(seen);
  const wanted = desiredSpec(record, "BpfVeth", context);
  const writes = context.driver.order(wanted, seen);
  if (isAskedFor(wanted, seen) && hasObserved(report, record) && report.effectiveMode === "BpfVeth" && report.confirmed)
    return move(enter({ ...record, problem: undefined }, "Soaking", now));
  if (isOverdue(record, policy.switchTimeoutMs, now))
    return revert(record, context, { reason: "ConfirmTimeout", message: "The agent did not take the confirmation in time." });
  return hold(
    record,
    {
      reason: "Confirming",
      message: "Waiting for the agent to stop the kernel's timer.",
      until: as<Instant>(record.since + policy.switchTimeoutMs),
    },
    ...writes,
  );
}

function soak(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now, policy } = context;
  const lost = whyNoLongerOn(record, context);
  if (lost !== undefined) return move(afterRevert({ ...record, problem: lost }, context));
  const ill = nodeIllness(record, seen, now);
  if (ill !== undefined)
    return startsNoPods(record, context) ? revert(record, context, { ...ill, reason: "SandboxesFailed" }) : hold(record, ill);
  const settled = seen.labelled && !record.cordonedByUs && isOverdue(record, policy.nodeSoakMs, now);
  if (settled) return move(enter({ ...record, skipped: undefined }, "Enabled", now));
  return hold(record, {
    reason: "Soaking",
    message: "The node must stay well for a while.",
    until: as<Instant>(record.since + policy.nodeSoakMs),
  });
}

/** Whether the node that was switched has started no pod for so long that the switch is taken back. */
function startsNoPods({ node }: NodeRollout, { seen, previousWaits, now }: StepContext): boolean {
  const since = waitingSince(previousWaits, "NodeUnhealthy", node);
  return seen.ready && seen.sandboxes !== undefined && since !== undefined && now - since >= SANDBOXES_FAIL_MS;
}

/** A node that was given up must not be asked for eBPF any longer: an agent that starts anew would follow. */
function stayFailed(record: NodeRollout, context: StepContext): NodeStep {
  const { seen } = context;
  if (seen.spec?.mode !== "BpfVeth") return move(record);
  const renewed = { ...record, switchGeneration: nextGeneration(record, seen) };
  return move(renewed, ...context.driver.order(desiredSpec(renewed, "None", context), seen));
}

function keep(record: NodeRollout, context: StepContext): NodeStep {
  const { seen, now } = context;
  const renewed = renewObject(record, context);
  if (renewed !== undefined) return renewed;
  const lost = whyNoLongerOn(record, context);
  if (lost !== undefined) return move(enter({ ...record, attempt: 0, problem: lost }, "Pending", now));
  if (context.renews && carriesOther({ record, seen }, context.bundle.digest)) return renew(record, context);
  const ill = nodeIllness(record, seen, now);
  const proved = withBootProved(record, seen);
  return ill === undefined ? move(proved) : hold(proved, ill);
}

/** A node whose order outlives a boot (driver `cilium`), and whose agent says again that it is on, is proved in this boot as well. */
function withBootProved(record: NodeRollout, seen: StepContext["seen"]): NodeRollout {
  const report = currentReport(seen);
  const isProved = hasObserved(report, record) && report.effectiveMode === "BpfVeth" && report.confirmed;
  if (!isProved || record.verifiedBoot === seen.bootId) return record;
  return withOrder({ ...record, verifiedBoot: seen.bootId }, seen);
}

/** Why a node that was confirmed does not route by eBPF any more, or nothing. "Unknown" is no such reason: it may pass. */
export function whyNoLongerOn(record: NodeRollout, context: StepContext): { reason: string; message: string } | undefined {
  const { seen } = context;
  if ((seen.spec?.bootID ?? record.verifiedBoot) !== seen.bootId)
    return { reason: "NodeRebooted", message: "The node has booted since it was switched." };
  if (seen.spec !== undefined && seen.spec.mode !== "BpfVeth" && seen.spec.generation >= record.switchGeneration)
    return { reason: "SpecChanged", message: `Somebody asked the node for ${seen.spec.mode}.` };
  const report = currentReport(seen);
  if (!hasObserved(report, record) || report.effectiveMode !== "Legacy") return undefined;
  return { reason: report.reason || EFFECTIVE_MODE_MISMATCH, message: report.message || "The kernel shows that the stack routes." };
}

/** What ends an attempt from outside between the switch and its confirmation: a reboot, a confirmation that came too late, an agent that says otherwise. */
function switchProblem(record: NodeRollout, context: StepContext): NodeStep | undefined {
  const { seen, now, policy } = context;
  const report = currentReport(seen);
  const switched = seen.spec?.generation === record.switchGeneration && seen.spec.mode === "BpfVeth";
  // An object that somebody deleted says nothing of the boot; what was verified then must not be confirmed now.
  const isOtherBoot = switched ? seen.spec.bootID !== seen.bootId : record.phase === "Confirming" && record.verifiedBoot !== seen.bootId;
  if (isOtherBoot)
    return move(
      enter({ ...record, problem: { reason: "NodeRebooted", message: "The node booted while it was being switched." } }, "Pending", now),
    );
  if (!switched || !hasObserved(report, record)) return undefined;
  const takenBack = context.driver.takenBack(report);
  if (takenBack === undefined) return undefined;
  const { byItself, ...problem } = takenBack;
  if (!byItself || record.attempt >= policy.attemptsMax) return revert(record, context, problem);
  return move(enter({ ...record, problem }, "Pending", now));
}

function revert(record: NodeRollout, context: StepContext, problem: NonNullable<NodeRollout["problem"]>): NodeStep {
  const { seen, now } = context;
  return move(enter({ ...record, switchGeneration: nextGeneration(record, seen), problem }, "Detaching", now));
}

/** Where a node goes that is back on the stack: to its next attempt, or to Failed when there is none left. A boot is nobody's failure to hold. */
function afterRevert(record: NodeRollout, context: StepContext): NodeRollout {
  const { policy, now } = context;
  const held = policy.onNodeFailure === "Hold" && record.problem?.reason !== "NodeRebooted";
  const usedUp = record.problem !== undefined && (held || record.attempt >= policy.attemptsMax);
  return enter(record, usedUp ? "Failed" : restingPhase(record, context), now);
}
