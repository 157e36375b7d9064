import {
  isTerminal,
  type HostRoutingCondition,
  type HostRoutingNodeStatus,
  type HostRoutingStatus,
  type HostRoutingWarning,
  type Instant,
  type NodeRollout,
  type Operation,
  type Wait,
} from "@hostrouting/domain";
import { currentReport, EFFECTIVE_MODE_MISMATCH, isKnownLegacy, isSilent } from "./agent-report.ts";
import { analysisStatus } from "./analysis/analysis-status.ts";
import { isInFlight, isMoving } from "./budget.ts";
import { bundleStatus, staysOn } from "./bundle-upgrade.ts";
import { disruptionWarnings } from "./disruption-warning.ts";
import { holdsJoiningNodes } from "./held-back.ts";
import { heldBackWarnings } from "./held-back-warning.ts";
import { conditionWarnings, sharedConditions, type ReportingNode } from "./node-conditions.ts";
import { nodeIllness } from "./node-health.ts";
import { partialCondition, partialWarning } from "./partly-on.ts";
import type { PolicyKeeping } from "./policy-plan.ts";
import { policyCondition, policyIllness, policyWarnings } from "./policy-status.ts";
import type { RoundNode } from "./round.ts";
import { ruleFindings } from "./rule-findings.ts";
import { nodeDisruption, sumDisruption } from "./switch-disruption.ts";
import { isSkipped } from "./take-requests.ts";
import { unsupportedPoolWarnings } from "./unsupported-pool.ts";
import type { Bundle, ClusterSnapshot } from "./snapshot.ts";
import { withAges } from "./warning-ages.ts";
import { CLUSTER } from "./waits.ts";
import { catalogued, isCatalogued } from "./warning-catalogue.ts";

type Draft = Pick<HostRoutingCondition, "type" | "status" | "reason" | "message">;

/** What there is to say about a cluster after a round that could observe it. */
export type StatusInput = {
  readonly snapshot: ClusterSnapshot;
  readonly operation: Operation | undefined;
  readonly nodes: readonly RoundNode[];
  readonly waits: readonly Wait[];
  readonly policy: PolicyKeeping;
  /** What nodes are brought to in this round. */
  readonly bundle: Bundle;
  readonly now: Instant;
};

function nodeStatus({ record, seen }: RoundNode, operation: Operation | undefined): HostRoutingNodeStatus {
  const report = currentReport(seen);
  const resting = report === undefined && isKnownLegacy(record, seen);
  const disruption = nodeDisruption({ record, seen }, operation);
  return {
    name: record.node,
    pool: seen.pool,
    phase: record.phase,
    effectiveMode: report?.effectiveMode ?? (resting ? "Legacy" : "Unknown"),
    reason:
      (isSkipped(record) ? "Skipped" : record.problem?.reason) ??
      seen.ineligible ??
      (report?.reason || (resting ? "NotInstalled" : "NotReporting")),
    fastShare: report?.fastShare,
    stackReasons: report?.stackReasons ?? [],
    refusedDevices: report?.refusedDevices ?? 0,
    refusals: report?.refusals ?? [],
    ...(disruption && { disruption }),
    rules: report?.scan && { state: report.scan.state, digest: report.scan.digest, findings: report.scan.findings },
    observedAt: report?.observedAtMs === undefined ? undefined : new Date(report.observedAtMs).toISOString(),
  };
}

function effectiveMode(nodes: readonly HostRoutingNodeStatus[]): HostRoutingStatus["effectiveMode"] {
  const modes = new Set(nodes.map((node) => node.effectiveMode));
  if (modes.has("Unknown")) return modes.has("BpfVeth") ? "Mixed" : "Unknown";
  if (modes.has("BpfVeth")) return modes.size === 1 ? "BpfVeth" : "Mixed";
  return "None";
}

function isUnderWay(operation: Operation | undefined): boolean {
  return operation !== undefined && operation.endedAt === undefined && !isTerminal(operation.phase);
}

function stateOf(input: StatusInput, eligible: readonly RoundNode[]): HostRoutingStatus["state"] {
  const { operation, snapshot } = input;
  const running = operation !== undefined && isUnderWay(operation);
  if (running && (operation.kind === "UpgradeBundle" || operation.control.bundles !== undefined)) return "Upgrading";
  if (running) return operation.mode === "BpfVeth" && operation.phase !== "RollingBack" ? "Enabling" : "Disabling";
  const enabled = eligible.filter(({ record }) => record.phase === "Enabled").length;
  if (enabled > 0 && enabled === eligible.length) return "Enabled";
  if (enabled > 0) return "PartiallyEnabled";
  // That it is off is said only where every node is known to be on the stack: one that is asked to let go may route by eBPF still. What others switch is theirs.
  const ours = input.nodes.filter(({ record, seen }) => seen.ineligible === undefined || record.ordered !== undefined);
  const unproved = ours.filter(({ record, seen }) => !isKnownLegacy(record, seen));
  if (unproved.length > 0) return unproved.every(({ record }) => record.phase === "Detaching") ? "Disabling" : "PartiallyEnabled";
  const isWanted = operation === undefined ? staysOn(snapshot) : operation.phase === "Succeeded" || operation.control.bundles !== undefined;
  return snapshot.cluster.desiredMode === "BpfVeth" && isWanted && eligible.length > 0 ? "PartiallyEnabled" : "Disabled";
}

/** Nodes by what they are going through; `total` counts those that are there, `eligible` those that host routing can be on for. */
function countNodes(nodes: readonly RoundNode[]): Readonly<Record<string, number>> {
  const count = (holds: (record: NodeRollout, node: RoundNode) => boolean): number =>
    nodes.filter((node) => holds(node.record, node)).length;
  return {
    total: nodes.length,
    eligible: count((_, { seen }) => seen.ineligible === undefined),
    enabled: count(({ phase }) => phase === "Enabled"),
    disabled: count(({ phase }) => phase === "Disabled"),
    inProgress: count(({ phase }) => isInFlight(phase) || phase === "Soaking"),
    pending: count(({ phase }) => phase === "Pending"),
    failed: count(({ phase }) => phase === "Failed"),
    skipped: count(isSkipped),
    notReady: count((_, { seen }) => !seen.ready),
  };
}

/** Gives conditions their transition time: the old one as long as the status stays. */
export function completeConditions(
  drafts: readonly Draft[],
  previous: readonly HostRoutingCondition[],
  now: Instant,
): readonly HostRoutingCondition[] {
  return drafts.map((draft) => {
    const before = previous.find((condition) => condition.type === draft.type);
    const lastTransitionTime = before?.status === draft.status ? before.lastTransitionTime : new Date(now).toISOString();
    return { ...draft, lastTransitionTime };
  });
}

const condition = (type: string, holds: boolean, [reason, message]: readonly [reason: string, message: string]): Draft => ({
  type,
  status: holds ? "True" : "False",
  reason,
  message,
});

/** Those whose packets pass the packet filter by; a report of an earlier boot says nothing of them. */
function enabledNodes({ nodes, now }: Pick<StatusInput, "nodes" | "now">): ReportingNode[] {
  return nodes
    .filter(({ record }) => record.phase === "Enabled")
    .map(({ record, seen }) => {
      return { name: seen.name, report: currentReport(seen), heardAt: record.heard?.at, isSilent: isSilent(record, now) };
    });
}

/** Preflight is asked in some rounds only; in the others its last word stands. */
function warningsBefore(snapshot: ClusterSnapshot): readonly HostRoutingWarning[] {
  return snapshot.previous?.warnings ?? [];
}

function rightsWarning(missing: readonly string[]): readonly HostRoutingWarning[] {
  if (missing.length === 0) return [];
  return [
    catalogued("worker-rights-missing", {
      message: `The cluster refuses ${missing.join("; ")}.`,
      subjects: [CLUSTER],
      impactNumber: missing.length,
    }),
  ];
}

function warningsNow(
  { snapshot, nodes, waits, policy, now }: StatusInput,
  state: HostRoutingStatus["state"],
): readonly HostRoutingWarning[] {
  const disrupted = disruptionWarnings(nodes.map(({ seen }) => ({ name: seen.name, report: seen.report })));
  const observed = snapshot.reach.kind === "Reachable" ? snapshot.reach.observed : undefined;
  const birthTaint = observed && holdsJoiningNodes(snapshot, observed) ? observed.birthTaint : undefined;
  const made = [
    ...policyWarnings(policy),
    ...disrupted,
    ...partialWarning(snapshot, nodes, { state, now }),
    ...heldBackWarnings({ nodes, waits, birthTaint, now }),
    ...rightsWarning(observed?.missingRights ?? []),
  ];
  if (state === "Disabled") return made;
  const { preflight, standing } = snapshot;
  const ofPreflight = preflight.kind === "Passed" ? preflight.warnings : warningsBefore(snapshot);
  const lasting = ofPreflight.filter((warning) => !isCatalogued(warning) && !standing.warningIds.includes(warning.id));
  return [...lasting, ...standing.warnings, ...conditionWarnings(enabledNodes({ nodes, now })), ...unsupportedPoolWarnings(nodes), ...made];
}

/** What is worst: nodes that should be well and are not, then those that host routing cannot be on for, then the policy. */
function degradedReason(ill: readonly RoundNode[], said: { readonly degraded: boolean; readonly illPolicy: string | undefined }): string {
  const { degraded, illPolicy } = said;
  if (ill.some(({ record }) => isMismatch(record))) return EFFECTIVE_MODE_MISMATCH;
  if (ill.some(({ record, seen }) => record.phase === "Failed" || seen.ineligible === undefined)) return "NodesUnwell";
  if (ill.length > 0) return "UnsupportedPool";
  return illPolicy !== undefined ? "PolicyUnwell" : degraded ? "EmergencyOff" : "AllWell";
}

/** A node that is unwell, and why. Of a mismatch the condition's own reason says it. */
function shownIll(node: RoundNode, now: Instant): string {
  const { record, seen } = node;
  if (isMismatch(record)) return record.node;
  const rest = seen.ineligible ?? (isUnheard(node, now) ? "NotReporting" : record.phase);
  return `${record.node} (${record.problem?.reason ?? nodeIllness(record, seen, now)?.reason ?? rest})`;
}

/** Whether a node may route by eBPF and nobody has said so for longer than agents are silent. */
function isUnheard({ record, seen }: RoundNode, now: Instant): boolean {
  return currentReport(seen) === undefined && !isKnownLegacy(record, seen) && record.ordered !== undefined && isSilent(record, now);
}

/** Whether a node was asked for eBPF, acted on it, and did not route by it; it is taken back, and then has no say in this any more. */
function isMismatch({ problem }: NodeRollout): boolean {
  return problem?.reason === EFFECTIVE_MODE_MISMATCH;
}

/** Nothing progresses that nobody works at: after an operation has ended without all nodes it is not "in progress". */
function progressConditions(
  { snapshot, operation, nodes, waits }: StatusInput,
  state: HostRoutingStatus["state"],
  degraded: boolean,
): Draft[] {
  const settled = state === "Enabled" || state === "Disabled";
  const goal = operation?.mode ?? snapshot.cluster.desiredMode;
  const moves = isUnderWay(operation) || nodes.some(({ record }) => isMoving(record, goal));
  const why = settled || waits.length === 0 ? "" : `${waits.length} reasons to wait`;
  return [
    condition("Ready", settled && !degraded, [!settled && moves ? "InProgress" : state, why]),
    condition("Progressing", moves, [state, waits[0]?.message ?? ""]),
  ];
}

/** What operators see: derived from the round, nothing added. */
export function buildStatus(input: StatusInput): HostRoutingStatus {
  const { snapshot, nodes, waits, now } = input;
  const eligible = nodes.filter(({ seen }) => seen.ineligible === undefined);
  const shown = nodes.map((node) => nodeStatus(node, input.operation));
  const disruption = sumDisruption(shown.map((node) => node.disruption));
  const observed = nodes.map(({ seen }) => seen);
  const state = stateOf(input, eligible);
  const counts = countNodes(nodes);
  const ill = nodes.filter(
    ({ record, seen }) =>
      record.phase === "Failed" ||
      isMismatch(record) ||
      nodeIllness(record, seen, now) !== undefined ||
      isUnheard({ record, seen }, now) ||
      (seen.ineligible !== undefined && state !== "Disabled"),
  );
  const enabled = enabledNodes(input);
  const illPolicy = policyIllness(input.policy, enabled);
  const off = waits.find((wait) => wait.reason === "EmergencyOff");
  const degraded = ill.length > 0 || illPolicy !== undefined || off !== undefined;
  const names = [...ill.map((node) => shownIll(node, now)), ...(illPolicy === undefined ? [] : [illPolicy])].join(", ");
  return {
    effectiveMode: effectiveMode(shown.filter((_, index) => nodes[index]?.seen.ineligible === undefined)),
    state,
    health: input.operation?.phase === "Paused" ? "Paused" : degraded ? "Degraded" : "Healthy",
    // A driver without a bundle has none to speak of.
    ...(input.bundle.digest !== "" && { bundle: bundleStatus(snapshot, input.bundle, input.operation) }),
    conditions: completeConditions(
      [
        ...progressConditions(input, state, degraded),
        condition("Degraded", degraded, [degradedReason(ill, { degraded, illPolicy }), names || (off?.message ?? "")]),
        condition("Reachable", true, ["Answered", ""]),
        ...partialCondition({ state, nodeCounts: counts }),
        ...(state === "Disabled" ? [] : sharedConditions(enabled)),
        ...policyCondition(input.policy, enabled),
      ],
      snapshot.previous?.conditions ?? [],
      now,
    ),
    nodeCounts: counts,
    waits,
    ...(snapshot.preflightAnswers && { preflight: snapshot.preflightAnswers }),
    ...withAges(warningsNow(input, state), snapshot.previous?.warningsSince, now),
    ...(disruption && { disruption }),
    ...(input.policy.status === undefined ? {} : { policy: input.policy.status }),
    ...analysisStatus(input.operation, snapshot.previous, snapshot.policy),
    nodes: shown,
    findings: ruleFindings(observed),
  };
}

/** A cluster that is still to be made is not out of reach. */
function whyUnseen(reason: string | undefined): string {
  return reason === "ProviderNotReady" ? reason : "ClusterUnreachable";
}

/** What operators see while the cluster cannot be reached: the last picture, marked as out of date. */
export function buildUnreachableStatus(
  snapshot: ClusterSnapshot,
  given: { readonly reason: string | undefined; readonly message: string; readonly waits: readonly Wait[]; readonly now: Instant },
): HostRoutingStatus {
  const { message, waits, now } = given;
  const before = snapshot.previous;
  const reason = whyUnseen(given.reason);
  return {
    effectiveMode: "Unknown",
    state: before?.state ?? "Disabled",
    health: "Unknown",
    ...(before?.bundle === undefined ? {} : { bundle: before.bundle }),
    conditions: completeConditions(
      [
        { type: "Ready", status: "Unknown", reason, message },
        condition("Reachable", false, [reason, message]),
        ...partialCondition(before),
      ],
      before?.conditions ?? [],
      now,
    ),
    nodeCounts: before?.nodeCounts ?? {},
    waits,
    warnings: warningsBefore(snapshot),
    ...(before?.preflight && { preflight: before.preflight }),
    ...(before?.warningsSince && { warningsSince: before.warningsSince }),
    ...(before?.disruption && { disruption: before.disruption }),
    ...(before?.policy === undefined ? {} : { policy: before.policy }),
    ...(before?.analysis === undefined ? {} : { analysis: before.analysis }),
    nodes: (before?.nodes ?? []).map((node) => ({ ...node, effectiveMode: "Unknown" as const, reason })),
    findings: before?.findings ?? [],
  };
}
