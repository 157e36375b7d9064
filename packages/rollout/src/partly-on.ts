import type { HostRoutingCondition, HostRoutingStatus, HostRoutingWarning, Instant } from "@hostrouting/domain";
import type { RoundNode } from "./round.ts";
import type { ClusterSnapshot } from "./snapshot.ts";
import { catalogued } from "./warning-catalogue.ts";

const TYPE = "PartiallyEnabled";
/** Nodes that are named at once. */
const NODES_MAX = 20;

/** Condition `PartiallyEnabled`, there only while it holds: host routing is, or may be, on for a part of the nodes, or is asked for and on for none, and no operation is under way. Its transition time says since when. */
export function partialCondition(
  seen: Pick<HostRoutingStatus, "state" | "nodeCounts"> | undefined,
): readonly Omit<HostRoutingCondition, "lastTransitionTime">[] {
  if (seen?.state !== TYPE) return [];
  const { enabled = 0, eligible = 0 } = seen.nodeCounts;
  const message = `${enabled} of ${eligible} nodes are enabled, and no operation is under way.`;
  return [{ type: TYPE, status: "True", reason: "NoOperation", message }];
}

/** The warning that this has lasted for longer than the policy's grace, with the nodes that are not on; nothing before. */
export function partialWarning(
  { previous, policy }: Pick<ClusterSnapshot, "previous" | "policy">,
  nodes: readonly RoundNode[],
  { state, now }: { readonly state: HostRoutingStatus["state"]; readonly now: Instant },
): readonly HostRoutingWarning[] {
  const since = previous?.conditions.find(({ type }) => type === TYPE)?.lastTransitionTime;
  if (state !== TYPE || since === undefined || now - Date.parse(since) < policy.hybridGraceMs) return [];
  const eligible = nodes.filter(({ seen }) => seen.ineligible === undefined);
  const off = eligible.filter(({ record }) => record.phase !== "Enabled").map(({ record }) => record.node);
  const message = `Since ${since} ${eligible.length - off.length} of ${eligible.length} nodes are enabled, and no operation is under way.`;
  return [catalogued("partially-enabled", { message, subjects: off.toSorted().slice(0, NODES_MAX) })];
}
