import type { ArmComponents } from "@hostrouting/contracts";

type Finding = ArmComponents["schemas"]["RuleFinding"];

/** Lines that say of each finding what it is, where, why it matters, who wrote it, and how it is removed. */
export function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ["No rules are known that host routing would pass by."];
  return findings.flatMap((finding) => [headOf(finding), ...detailsOf(finding).map((line) => `  ${line}`)]);
}

function headOf({ class: is, family, table, chain, rule, backend }: Finding): string {
  const place = [family, table, chain].filter((part) => part !== "").join(" ");
  return `${is}: ${place === "" ? backend : `${place} (${backend})`}: ${rule}`;
}

function detailsOf({ reason, owner, nodes, nodeCount, removal, remedy }: Finding): string[] {
  const named = nodes.map(({ name, changedBy }) => (changedBy === undefined ? name : `${name} (last changed by ${changedBy})`));
  const more = nodeCount - nodes.length;
  return [
    `on ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}: ${reason}`,
    ...(owner === undefined ? [] : [`probably of: ${owner}`]),
    ...(removal === undefined ? [] : [`to remove: ${removal}`]),
    ...(remedy === "" ? [] : [`→ ${remedy}`]),
  ];
}
