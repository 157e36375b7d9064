import type { ArmComponents } from "@hostrouting/contracts";
import { namedAndMore } from "@hostrouting/domain";

type Finding = ArmComponents["schemas"]["RuleFinding"];
type Node = ArmComponents["schemas"]["HostRoutingNode"];

const NAMES_SHOWN = 8;

/** Lines that say of each finding what it is, where, why it matters, who wrote it, and how it is removed. */
export function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ["No rules are known that host routing would pass by."];
  return findings.flatMap((finding) => [headOf(finding), ...detailsOf(finding).map((line) => `  ${line}`)]);
}

/** Whose rules nobody has looked at: of these nodes "none are known" says nothing. */
export function unscannedLines(nodes: readonly Node[]): string[] {
  const names = nodes.filter(({ properties: { rules } }) => rules === undefined).map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    `Nobody has looked at the rules of ${names.length} of ${nodes.length} nodes: ${namedAndMore(names, { most: NAMES_SHOWN })}.`,
    "  → Agents do; they run where host routing is on or being turned on, and before the first node is switched.",
  ];
}

function headOf({ class: is, family, table, chain, rule, backend }: Finding): string {
  const place = [family, table, chain].filter((part) => part !== "").join(" ");
  return `${is}: ${place === "" ? backend : `${place} (${backend})`}: ${rule}`;
}

function detailsOf({ reason, owner, nodes, nodeCount, removal, remedy }: Finding): string[] {
  const named = nodes.map(({ name, changedBy }) => (changedBy === undefined ? name : `${name} (last changed by ${changedBy})`));
  return [
    `on ${namedAndMore(named, { count: nodeCount })}: ${reason}`,
    ...(owner === undefined ? [] : [`probably of: ${owner}`]),
    ...(removal === undefined ? [] : [`to remove: ${removal}`]),
    ...(remedy === "" ? [] : [`→ ${remedy}`]),
  ];
}
