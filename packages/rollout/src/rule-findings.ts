import type { RuleFinding } from "@hostrouting/domain";
import { currentReport } from "./agent-report.ts";
import type { NodeObservation, RuleScan } from "./snapshot.ts";

/** Findings of a cluster that are shown: the status of 200 is half a megabyte at most. */
export const FINDINGS_MAX = 200;
/** Nodes that a finding names; `nodeCount` counts all. */
const NODES_MAX = 20;

type Found = { readonly finding: Omit<RuleFinding, "nodes" | "nodeCount">; readonly node: string; readonly changedBy: string | undefined };

/** What the agents found, each thing once with its nodes: what is on most nodes first. */
export function ruleFindings(nodes: readonly NodeObservation[]): RuleFinding[] {
  const found = nodes.flatMap((seen) => foundOn(seen.name, currentReport(seen)?.scan));
  const groups = [...Map.groupBy(found, ({ finding }) => JSON.stringify(finding)).values()];
  return groups
    .map((group) => grouped(group))
    .toSorted((a, b) => b.nodeCount - a.nodeCount)
    .slice(0, FINDINGS_MAX);
}

/** What the label says of a node: whether its rules would be passed by; null while nobody knows. */
export function userRulesOf(seen: NodeObservation): boolean | null {
  const state = currentReport(seen)?.scan?.state;
  return state === undefined || state === "Unknown" ? null : state === "Dirty";
}

function foundOn(node: string, scan: RuleScan | undefined): Found[] {
  if (scan === undefined) return [];
  const rules = scan.rules.map(({ changedBy, ...finding }): Found => ({ finding, node, changedBy }));
  const unread = scan.unread.map(({ source, at, why }): Found => ({
    finding: unreadFinding(source, `${at}: ${why}`),
    node,
    changedBy: undefined,
  }));
  return [...rules, ...unread];
}

function unreadFinding(backend: string, rule: string): Found["finding"] {
  const remedy = "Repair what is named; the node is looked at again every minute.";
  return {
    class: "Unread",
    reason: "it could not be read",
    backend,
    family: "",
    table: "",
    chain: "",
    rule,
    owner: undefined,
    remedy,
    removal: undefined,
  };
}

function grouped(group: readonly Found[]): RuleFinding {
  const [first] = group;
  if (first === undefined) throw new Error("a group without members");
  const nodes = group.slice(0, NODES_MAX).map(({ node, changedBy }) => ({ name: node, changedBy }));
  return { ...first.finding, nodes, nodeCount: group.length };
}
