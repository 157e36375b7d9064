import type { NodeRollout, RolloutPolicy } from "@hostrouting/domain";
import { isKnownLegacy } from "./agent-report.ts";
import { isInFlight } from "./budget.ts";
import { letThrough, taintChange } from "./held-back.ts";
import type { Intent, PatchNodeIntent } from "./intent.ts";
import { patchNode, type StepContext } from "./node-step.ts";
import { userRulesOf } from "./rule-findings.ts";
import type { NodeObservation } from "./snapshot.ts";
import { isLaterClaim, parseOwner } from "./owner.ts";

type Changes = Omit<PatchNodeIntent, "kind" | "node" | "uid" | "resourceVersion">;

/**
 * Keeps a Node object true to its record and to its agent's word on its rules: the label says what was confirmed and is taken away only when the kernel
 * shows the stack; our taint stands as long as pods are kept off; at rest, our cordon and our word to the autoscaler (and only ours) are taken back and our claim given back. Derived from the state in every round, so that a write
 * that was lost is simply made again.
 */
export function upkeep(record: NodeRollout, context: StepContext): { readonly record: NodeRollout; readonly intents: readonly Intent[] } {
  const { seen, policy } = context;
  const through = letThrough(record, seen);
  const kept = isTheirsNow(record, seen) ? { ...through, cordonedByUs: false } : through;
  const taints = taintChange(kept, seen);
  if (isInFlight(record.phase)) {
    const lies = seen.labelled && isKnownLegacy(record, seen);
    // Somebody uncordoned it: what they may cordon next is theirs.
    const isOver = seen.cordonedBy !== undefined && !seen.unschedulable && !isToBeCordoned(record);
    const changes = { ...(lies ? { labelled: false } : {}), ...(isOver ? { cordonedBy: null } : {}), ...taints, ...userRulesChange(seen) };
    return { record: kept, intents: patched(seen, changes) };
  }
  const isOn = record.phase === "Enabled" || record.phase === "Soaking";
  const claim = parseOwner(seen.owner);
  const isTheirs = claim !== undefined && isLaterClaim(claim, context.owner);
  const changes: Changes = {
    ...(isOn && !seen.labelled ? { labelled: true } : {}),
    ...(!isOn && seen.labelled && isKnownLegacy(record, seen) ? { labelled: false } : {}),
    // The node itself says whose cordon it is: a record may have been made over a list that lagged.
    ...(seen.cordonedBy !== undefined && !isQuarantined(record, policy) ? { cordonedBy: null } : {}),
    ...(claim !== undefined && !isTheirs ? { owner: null } : {}),
    ...(seen.scaleDown.heldBy !== undefined && !isTheirs ? { scaleDownHeldBy: null } : {}),
    ...taints,
    ...userRulesChange(seen),
  };
  return { record: kept, intents: patched(seen, changes) };
}

/** Whether the node is cordoned by us, and again whenever somebody uncordons it. */
function isToBeCordoned({ phase }: NodeRollout): boolean {
  return phase === "Cordoning" || phase === "Draining";
}

/** Whether the cordon that was ours is over: the node takes pods again, or it is cordoned and does not say that it is by us, so somebody did it anew. */
function isTheirsNow(record: NodeRollout, { unschedulable, cordonedBy }: NodeObservation): boolean {
  if (!record.cordonedByUs || record.phase === "Cordoning") return false;
  return unschedulable ? cordonedBy === undefined : !isToBeCordoned(record);
}

/** A definition of HostRoutingNode that is older than ours drops what it does not know: then it is not asked for in every round. */
const PACE_AGAIN_MS = 15_000;

/**
 * Makes the node's agent report as often as it is to while the node is compared, and as ever afterwards. Nothing else of its order changes, so only the
 * order that the record knows is written again: one of another boot or of a node of the same name is left to what replaces it, and an older one is what a
 * list that lagged behind shows of a node that has been asked for more.
 */
export function keepPace(
  record: NodeRollout,
  { seen, owner, now, reportSeconds }: Pick<StepContext, "seen" | "owner" | "now" | "reportSeconds">,
): { readonly record: NodeRollout; readonly intents: readonly Intent[] } {
  const { spec } = seen;
  const { paced } = record;
  const isRepeated = paced !== undefined && paced.seconds === reportSeconds && now - paced.at < PACE_AGAIN_MS;
  const stands = spec?.nodeUID === seen.uid && spec.bootID === seen.bootId && spec.generation === record.switchGeneration;
  if (!stands || spec.reportSeconds === reportSeconds || spec.fencingToken > owner.token || isRepeated) return { record, intents: [] };
  const { reportSeconds: _before, ...rest } = spec;
  const seconds = reportSeconds === undefined ? {} : { reportSeconds };
  const wanted = { ...rest, fencingToken: owner.token, ...seconds };
  return {
    record: { ...record, paced: { ...(reportSeconds === undefined ? {} : { seconds: reportSeconds }), at: now } },
    intents: [{ kind: "WriteNodeSpec", node: seen.name, uid: seen.uid, spec: wanted }],
  };
}

/** Whether the policy wants the node kept cordoned for somebody to look at. */
function isQuarantined({ phase, problem }: NodeRollout, policy: RolloutPolicy): boolean {
  if (phase !== "Failed") return false;
  return problem?.reason === "DrainBlocked" ? policy.undrainableNodeBehavior === "Cordon" : policy.onNodeFailure === "Hold";
}

function patched(seen: NodeObservation, changes: Changes): Intent[] {
  return Object.keys(changes).length === 0 ? [] : [patchNode(seen, changes)];
}

/** The label follows the agent's word. One that nobody of us understands is somebody else's, and stays while there is nothing to say. */
function userRulesChange(seen: NodeObservation): Pick<Changes, "userRules"> {
  const wanted = userRulesOf(seen);
  if (wanted === null) return seen.userRules === "true" || seen.userRules === "false" ? { userRules: null } : {};
  return seen.userRules === String(wanted) ? {} : { userRules: wanted };
}
