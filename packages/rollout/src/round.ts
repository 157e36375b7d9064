import {
  type AccelerationMode,
  type HistoryEntry,
  type Instant,
  type NodeRefusal,
  type NodeRollout,
  type Operation,
  type Wait,
} from "@hostrouting/domain";
import { lacksFigures, reportPace } from "./analysis/control.ts";
import type { AzureIntent } from "./azure/azure-look.ts";
import { withOrderSettled, withReportHeard } from "./agent-report.ts";
import { DisruptionBudget, isInFlight } from "./budget.ts";
import { bundleOfRound } from "./bundle-upgrade.ts";
import { disableStep } from "./disable-step.ts";
import { driverOf } from "./drivers/drivers.ts";
import type { NodeDriver } from "./drivers/node-driver.ts";
import { enableStep } from "./enable-step.ts";
import type { Intent, PatchNodeIntent } from "./intent.ts";
import type { StepContext } from "./node-step.ts";
import { holdsJoiningNodes, withHeldBack } from "./held-back.ts";
import type { Owner } from "./owner.ts";
import { policyHold } from "./policy-plan.ts";
import { StageGate } from "./stage-gate.ts";
import type { Bundle, ClusterObservation, ClusterSnapshot, NodeObservation } from "./snapshot.ts";
import { keepPace, upkeep } from "./upkeep.ts";
import type { WaitDraft } from "./waits.ts";

/** A node that is there, with its record. */
export type RoundNode = { readonly record: NodeRollout; readonly seen: NodeObservation };

/** One round over a cluster that could be observed: the snapshot, sorted out. */
export type Round = {
  readonly snapshot: ClusterSnapshot;
  /** What switches its nodes. */
  readonly driver: NodeDriver;
  readonly observed: ClusterObservation;
  readonly now: Instant;
  readonly owner: Owner;
  readonly previousWaits: readonly Wait[];
  /** Why a node must not be started, or nothing. */
  readonly refusalOf: (seen: NodeObservation) => NodeRefusal | undefined;
  /** Whether pods are kept off nodes that join until host routing is on there. */
  readonly holdsJoiningNodes: boolean;
  readonly nodes: readonly RoundNode[];
  /** The bundle that was offered to this worker; `snapshot.bundle` is the one that nodes are brought to. */
  readonly offered: Bundle;
  /** Whether nodes that are on are brought to another bundle. */
  readonly renews: boolean;
  /** Records whose node has left. */
  readonly gone: readonly NodeRollout[];
};

/** What a round decided about operation, nodes and cluster. */
export type Outcome = {
  readonly operation: Operation | undefined;
  readonly nodes: readonly RoundNode[];
  readonly intents: readonly Intent[];
  readonly waits: readonly WaitDraft[];
  /** What is asked of Azure (driver `aks-arm`), at most one thing. */
  readonly azure?: AzureIntent;
  readonly lookAgainInMs: number;
  /** A newer bundle is to be rolled out by an operation of its own. */
  readonly beginsUpgrade?: boolean;
  readonly history: readonly HistoryEntry[];
};

/** Something is under way: the watch usually wakes us earlier. */
export const BUSY_MS = 500;
/** Something was just written: its effect is looked for at once. */
export const AFTER_WRITE_MS = 150;

/** A node that was never seen before. */
function newRecord(seen: NodeObservation, now: Instant): NodeRollout {
  return {
    node: seen.name,
    uid: seen.uid,
    phase: "Pending",
    since: now,
    attempt: 0,
    switchGeneration: Math.max(seen.spec?.generation ?? 0, seen.report?.observedGeneration ?? 0),
    cordonedByUs: false,
    verifiedCount: 0,
    lastVerifiedAt: undefined,
    problem: undefined,
  };
}

/** Sorts a snapshot out: every node that is there has a record, every record without a node is gone. */
export function openRound(snapshot: ClusterSnapshot, observed: ClusterObservation, now: Instant): Round {
  const records = new Map(snapshot.records.map((record) => [record.uid, record]));
  const present = new Set(observed.nodes.map((seen) => seen.uid));
  const turn = isRollingBack(snapshot.operation) ? lastFirst : byName;
  const holds = holdsJoiningNodes(snapshot, observed);
  const recordOf = (seen: NodeObservation): NodeRollout => {
    const known = records.get(seen.uid);
    const heard = withOrderSettled(withReportHeard(known ?? newRecord(seen, now), seen, now), seen);
    return withHeldBack(heard, seen, { holds, isNew: known === undefined, policy: snapshot.policy, now });
  };
  const renews = snapshot.operation?.control.bundles !== undefined;
  return {
    // Of nodes that are all switched there is none to compare another with.
    snapshot: {
      ...snapshot,
      bundle: bundleOfRound(snapshot, observed),
      policy: renews ? { ...snapshot.policy, analysisMode: "Off" } : snapshot.policy,
    },
    driver: driverOf(snapshot.cluster.driver),
    observed,
    now,
    offered: snapshot.bundle,
    renews,
    owner: { operationId: snapshot.operation?.id ?? `upkeep-${snapshot.cluster.generation}`, token: snapshot.token },
    previousWaits: snapshot.previous?.waits ?? [],
    refusalOf: refusals(snapshot.standing.refusals),
    holdsJoiningNodes: holds,
    nodes: observed.nodes.map((seen) => ({ seen, record: recordOf(seen) })).toSorted((a, b) => rank(a) - rank(b) || turn(a, b)),
    gone: snapshot.records.filter((record) => !present.has(record.uid)),
  };
}

/** Finds a node's refusal; one that is about the whole cluster is every node's. */
function refusals(given: readonly NodeRefusal[]): Round["refusalOf"] {
  const everyNodes = given.find(({ node }) => node === undefined);
  const byNode = new Map(given.map((refusal) => [refusal.node, refusal]));
  return ({ name }) => everyNodes ?? byNode.get(name);
}

/** Nodes in flight go first, so that they are finished before others start, then those that pods are kept off; nodes that a user cordoned come last. */
function rank({ record, seen }: RoundNode): number {
  if (isInFlight(record.phase)) return 0;
  if (seen.unschedulable && !record.cordonedByUs) return 3;
  return record.heldBack === undefined ? 2 : 1;
}

/** One patch of a node per round, where the last one stands: the second would name a version that the first has made old. What its step changes counts over its upkeep. */
function inOnePatch(intents: readonly Intent[]): readonly Intent[] {
  const patches = intents.filter((intent) => intent.kind === "PatchNode");
  const last = patches.at(-1);
  if (last === undefined || patches.length === 1) return intents;
  const all = patches.reduce<PatchNodeIntent>((sum, patch) => ({ ...sum, ...patch }), last);
  return intents.filter((intent) => intent.kind !== "PatchNode" || intent === last).map((intent) => (intent === last ? all : intent));
}

/** Whether what an operation has switched goes back: nodes that were switched last go first then, since they have proved least. */
function isRollingBack(operation: Operation | undefined): boolean {
  return operation?.kind === "RollbackHostRouting" || operation?.phase === "RollingBack";
}

function byName(a: RoundNode, b: RoundNode): number {
  return a.record.node < b.record.node ? -1 : 1;
}

function lastFirst(a: RoundNode, b: RoundNode): number {
  return b.record.since - a.record.since || byName(b, a);
}

/** Takes every node one step towards the goal; nodes at rest are started only if `mayStart`, only within the budget, and only if it is their turn. */
export function stepNodes(
  round: Round,
  goal: AccelerationMode,
  mayStart: boolean | StageGate,
): Pick<Outcome, "nodes" | "intents" | "waits"> {
  const { snapshot } = round;
  const budget = new DisruptionBudget(round.nodes, snapshot.policy.maxUnavailable);
  const pace = reportPace(round);
  const nodes: RoundNode[] = [];
  const intents: Intent[] = [];
  const waits: WaitDraft[] = [];
  for (const { record, seen } of round.nodes) {
    const context: StepContext = {
      seen,
      driver: round.driver,
      policy: snapshot.policy,
      bundle: snapshot.bundle,
      owner: round.owner,
      now: round.now,
      budget,
      stages: mayStart instanceof StageGate ? mayStart : undefined,
      reportSeconds: pace.get(record.uid),
      lacksFigures: () => lacksFigures(round, seen),
      mayStart: mayStart !== false,
      renews: round.renews,
      refusal: round.refusalOf(seen),
      emergencyOff: round.observed.config?.emergencyOff ?? false,
      policyHold: policyHold(snapshot),
      standsForRules: round.driver.readsRules && snapshot.managedPolicy !== undefined && snapshot.policy.policyMode !== "Off",
      previousWaits: round.previousWaits,
      evictionRefusals: snapshot.evictionRefusals,
    };
    const step = goal === "BpfVeth" ? enableStep(record, context) : disableStep(record, context);
    const kept = upkeep(step.record, context);
    const isAsked = step.intents.some((intent) => intent.kind === "WriteNodeSpec");
    const paced = isAsked ? { record: kept.record, intents: [] } : keepPace(kept.record, context);
    nodes.push({ record: paced.record, seen });
    intents.push(...inOnePatch([...kept.intents, ...step.intents]), ...paced.intents);
    waits.push(...step.waits);
  }
  return { nodes, intents, waits };
}
