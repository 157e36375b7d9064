import type { HostRoutingWarning } from "@hostrouting/domain";
import type { RoundNode } from "./round.ts";
import { catalogued } from "./warning-catalogue.ts";

/** Nodes that are named at once; the rest is counted. */
const NODES_MAX = 20;

/** What there is to warn of nodes that host routing cannot be on for, by pool: preflight lets none begin with, so they were added later. Pure. */
export function unsupportedPoolWarnings(nodes: readonly RoundNode[]): HostRoutingWarning[] {
  const those = nodes.filter(({ seen }) => seen.ineligible !== undefined);
  if (those.length === 0) return [];
  const named = those.slice(0, NODES_MAX);
  const byPool = Map.groupBy(named, ({ seen }) => `${seen.pool || "no pool"}: ${seen.ineligible}`);
  const said = [...byPool].map(([why, members]) => `${why} (${members.map(({ record }) => record.node).join(", ")})`);
  const more = those.length - named.length;
  const message = `${said.join("; ")}${more > 0 ? ` and ${more} more nodes` : ""}.`;
  return [catalogued("unsupported-pool", { message, subjects: named.map(({ record }) => record.node), impactNumber: those.length })];
}
