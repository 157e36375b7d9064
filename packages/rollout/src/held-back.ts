import {
  NOT_READY_TAINT,
  type HeldBack,
  type Instant,
  type NodeRollout,
  type NodeTaint,
  type OperationPhase,
  type RolloutPolicy,
} from "@hostrouting/domain";
import { staysOn } from "./bundle-upgrade.ts";
import { currentReport, hasObserved } from "./agent-report.ts";
import type { Intent } from "./intent.ts";
import type { ClusterObservation, ClusterSnapshot, NodeObservation } from "./snapshot.ts";

const MINUTE_MS = 60_000;
/** A node that pods are kept off for longer than this is told of: an agent needs seconds. */
export const HELD_LONG_MS = 10 * MINUTE_MS;

/** An operation that switches on holds nodes from here on; one that brings another bundle to a cluster that is on, all the way. */
const HOLDING: ReadonlySet<OperationPhase> = new Set(["Rolling", "Finishing"]);
const HOLDING_ON: ReadonlySet<OperationPhase> = new Set([...HOLDING, "Accepted", "Validating", "Preparing"]);

/**
 * Whether pods are kept off nodes that join until host routing is on there: while it is on, and while an operation that switches it on rolls. Not while
 * that operation waits for people, was stopped, or the cluster is under an emergency off: no node is switched then, and one that were tainted would be
 * lost to its cluster until somebody comes. Such a node stays Pending, with its traffic on the stack.
 */
export function holdsJoiningNodes(snapshot: ClusterSnapshot, { config }: ClusterObservation): boolean {
  const { cluster, operation } = snapshot;
  // AKS makes the nodes that join, in the mode that the cluster has in Azure.
  if (cluster.driver === "aks-arm" || cluster.desiredMode !== "BpfVeth" || config?.emergencyOff === true) return false;
  if (operation === undefined) return staysOn(snapshot);
  const { kind, mode, phase, error, cancelRequested, control } = operation;
  const isHeld = control.pause !== undefined || control.pending !== undefined;
  const holding = kind === "EnableHostRouting" ? HOLDING : HOLDING_ON;
  return mode === "BpfVeth" && holding.has(phase) && error === undefined && !cancelRequested && !isHeld;
}

/** What decides whether pods are kept off a node. `isNew`: it was never seen before. */
export type Holding = { readonly holds: boolean; readonly isNew: boolean; readonly policy: RolloutPolicy; readonly now: Instant };

/**
 * The record with what there is to remember of a node that pods are kept off: one that joins, and one that was switched and has booted since. Nodes that were
 * there before are never tainted, their pods are running; one that failed is let go, since nobody tries it again by themselves. Pure.
 */
export function withHeldBack(record: NodeRollout, seen: NodeObservation, { holds, isNew, policy, now }: Holding): NodeRollout {
  const { heldBack: before, ...rest } = record;
  const isGivenUp = record.skipped !== undefined || record.phase === "Failed";
  if (!holds || seen.ineligible !== undefined || isGivenUp) return before === undefined ? record : rest;
  if (before !== undefined && before.bootId === seen.bootId)
    return isDue(before, policy, now) ? { ...record, heldBack: { ...before, openedAt: now } } : record;
  if (before !== undefined) return { ...rest, heldBack: { since: now, bootId: seen.bootId, atBirth: before.atBirth && isTainted(seen) } };
  const joins = isNew && !seen.labelled;
  if (!joins && !hasBooted(record, seen)) return record;
  return { ...record, heldBack: { since: now, bootId: seen.bootId, atBirth: joins && isTainted(seen) } };
}

/** Whether the policy says that the taint is given up now. */
function isDue({ since, openedAt }: HeldBack, { taintFailOpenMinutes }: RolloutPolicy, now: Instant): boolean {
  return openedAt === undefined && taintFailOpenMinutes > 0 && now - since >= taintFailOpenMinutes * MINUTE_MS;
}

const SWITCHED: ReadonlySet<NodeRollout["phase"]> = new Set(["Switching", "Verifying", "Confirming", "Soaking", "Enabled"]);

function hasBooted({ phase }: NodeRollout, { spec, bootId }: NodeObservation): boolean {
  return SWITCHED.has(phase) && spec !== undefined && spec.mode === "BpfVeth" && spec.bootID !== bootId;
}

const isOurs = ({ key, effect }: NodeTaint): boolean => key === NOT_READY_TAINT.key && effect === NOT_READY_TAINT.effect;

function isTainted({ taints }: NodeObservation): boolean {
  return taints.some(isOurs);
}

/** Whether no pod has come to the node since it was made, so that there is nobody to be drained. */
export function isEmptyFromBirth({ heldBack }: NodeRollout): boolean {
  return heldBack?.atBirth === true && heldBack.openedAt === undefined;
}

/** The record without its hold once the agent of this very boot has reported a confirmed switch. */
export function letThrough(record: NodeRollout, seen: NodeObservation): NodeRollout {
  const { heldBack, ...rest } = record;
  const report = currentReport(seen);
  const isOn = record.phase === "Soaking" || record.phase === "Enabled";
  if (heldBack === undefined || !isOn || !hasObserved(report, record)) return record;
  return report.effectiveMode === "BpfVeth" && report.confirmed ? rest : record;
}

/** The taints that a node is to have, where they are not those that it has. Everybody else's stay. */
export function taintChange({ heldBack }: NodeRollout, seen: NodeObservation): { readonly taints?: readonly NodeTaint[] } {
  const isWanted = heldBack !== undefined && heldBack.openedAt === undefined;
  if (isWanted === isTainted(seen)) return {};
  return { taints: isWanted ? [...seen.taints, NOT_READY_TAINT] : seen.taints.filter((taint) => !isOurs(taint)) };
}

/** Keeps the admission policy in force exactly while nodes that join are held back. One of its name that is not ours is left alone. */
export function keepBirthTaint(holds: boolean, { birthTaint: { kind } }: ClusterObservation): readonly Intent[] {
  if (holds) return kind === "Absent" || kind === "Drifted" ? [{ kind: "ApplyBirthTaint" }] : [];
  return kind === "InSync" || kind === "Drifted" ? [{ kind: "RemoveBirthTaint" }] : [];
}
