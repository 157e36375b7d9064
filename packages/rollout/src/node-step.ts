import type { Instant, NodePhase, NodeRefusal, NodeRollout, RolloutPolicy, Wait, WaitReason } from "@hostrouting/domain";
import type { DisruptionBudget } from "./budget.ts";
import type { NodeDriver } from "./drivers/node-driver.ts";
import type { Intent, PatchNodeIntent } from "./intent.ts";
import { formatOwner, type Owner } from "./owner.ts";
import type { PolicyHold } from "./policy-plan.ts";
import type { Bundle, EvictionRefusal, NodeObservation, NodeSpec } from "./snapshot.ts";
import type { StageGate } from "./stage-gate.ts";
import type { WaitDraft } from "./waits.ts";

/** What one node's step may look at. */
export type StepContext = {
  readonly seen: NodeObservation;
  readonly driver: NodeDriver;
  readonly policy: RolloutPolicy;
  readonly bundle: Bundle;
  readonly owner: Owner;
  readonly now: Instant;
  readonly budget: DisruptionBudget;
  /** Whose turn it is; absent where nodes are started in no order. */
  readonly stages: StageGate | undefined;
  /** How often its agent shall report while it is compared with others, in seconds. */
  readonly reportSeconds: number | undefined;
  /** Whether its agent should count for a while before it is started. */
  readonly lacksFigures: () => boolean;
  /** Whether nodes at rest may be started; nodes in flight always go on to a safe point. */
  readonly mayStart: boolean;
  /** Whether nodes that are on are brought to another bundle. */
  readonly renews: boolean;
  /** Why this node must not be started; what was started before goes on. */
  readonly refusal: NodeRefusal | undefined;
  readonly emergencyOff: boolean;
  /** Why no node may be switched on. */
  readonly policyHold: PolicyHold | undefined;
  /** Whether a network policy of ours denies what the nodes' own rules must deny again once host routing is off. */
  readonly standsForRules: boolean;
  readonly previousWaits: readonly Wait[];
  readonly evictionRefusals: readonly EvictionRefusal[];
};

/** What becomes of one node in one round: its record, what to do, and why it does not move. */
export type NodeStep = { readonly record: NodeRollout; readonly intents: readonly Intent[]; readonly waits: readonly WaitDraft[] };

/** Moves a record to a phase; `since` starts anew. */
export function enter(record: NodeRollout, phase: NodePhase, now: Instant): NodeRollout {
  return { ...record, phase, since: now };
}

/** A record that went on or has nothing to do. */
export function move(record: NodeRollout, ...intents: readonly Intent[]): NodeStep {
  return { record, intents, waits: [] };
}

/** A record that stays where it is, and why. */
export function hold(
  record: NodeRollout,
  wait: { reason: WaitReason; message: string; until?: Instant },
  ...intents: readonly Intent[]
): NodeStep {
  return { record, intents, waits: [{ subject: record.node, ...wait }] };
}

/** The spec that a record asks of its node. The digest of a detach is the agent's own: any bundle knows how to let go. */
export function desiredSpec(record: NodeRollout, mode: "Observe" | "BpfVeth" | "None", context: StepContext): NodeSpec {
  const { seen, bundle, owner, policy, driver } = context;
  return {
    mode,
    generation: record.switchGeneration,
    fencingToken: owner.token,
    operationId: owner.operationId,
    nodeUID: seen.uid,
    bootID: seen.bootId,
    bundleDigest: mode === "None" ? (seen.report?.bundleDigest ?? bundle.digest) || bundle.digest : bundle.digest,
    confirmSeconds: policy.confirmSeconds,
    confirmedGeneration: mode === "BpfVeth" && record.phase === "Confirming" && driver.confirms ? record.switchGeneration : 0,
  };
}

/** Whether the node's object asks for what is wanted, under whichever lease it was written. */
export function isAskedFor(wanted: NodeSpec, { spec }: NodeObservation): boolean {
  return (
    spec !== undefined &&
    spec.mode === wanted.mode &&
    spec.generation === wanted.generation &&
    spec.nodeUID === wanted.nodeUID &&
    spec.bootID === wanted.bootID &&
    spec.bundleDigest === wanted.bundleDigest &&
    spec.confirmedGeneration === wanted.confirmedGeneration
  );
}

/** A change to the Node object over the version that was seen. */
export function patchNode(
  seen: NodeObservation,
  changes: Omit<PatchNodeIntent, "kind" | "node" | "uid" | "resourceVersion">,
): PatchNodeIntent {
  return { kind: "PatchNode", node: seen.name, uid: seen.uid, resourceVersion: seen.resourceVersion, ...changes };
}

/** Claims a node, and keeps the autoscaler from taking it away meanwhile. Whoever else asked for that is not replaced: theirs outlives the claim. */
export function claimOf({ seen, owner }: StepContext): Pick<PatchNodeIntent, "owner" | "scaleDownHeldBy"> {
  return { owner: formatOwner(owner), ...(seen.scaleDown.isSet ? {} : { scaleDownHeldBy: owner.operationId }) };
}

/** Whether a limit that began with the record's phase has passed. */
export function isOverdue(record: NodeRollout, limitMs: number, now: Instant): boolean {
  return now - record.since >= limitMs;
}
