import type { LabPool, PoolCount } from "../lab/lab-plan.ts";

/** A node as the machine shows it. */
export interface SeenNode {
  readonly name: string;
  readonly pool: string;
  /** All its processes run. */
  readonly isWell: boolean;
}

/** What there is of a cluster. `Broken`: something is, which is no cluster any more or not yet. Nodes are in the order in which they came. */
export type LabSight =
  | { readonly kind: "Absent" }
  | { readonly kind: "Broken"; readonly why: string }
  | { readonly kind: "Running"; readonly nodes: readonly SeenNode[] };

/** The next thing to do; after it, look again. */
export type LabStep =
  | { readonly kind: "Build"; readonly nodes: number; readonly why: string }
  /** `missing`: nodes that are still to come, in all pools, this one included. */
  | { readonly kind: "AddNode"; readonly pool: LabPool; readonly number: number; readonly of: number; readonly missing: number }
  | { readonly kind: "RetireNode"; readonly node: string; readonly pool: string }
  /** Its processes have ended: nothing on it can be drained. */
  | { readonly kind: "DropNode"; readonly node: string };

/**
 * What is to be done next so that a cluster becomes as it is wished for; nothing when it is. Nodes that have ended are replaced. Nodes are added before
 * others go, so that what is drained has a place; the newest of a pool goes first, as in AKS. Pure.
 */
export function decideStep(wanted: readonly PoolCount[], sight: LabSight): LabStep | undefined {
  if (sight.kind !== "Running") {
    const nodes = wanted.reduce((sum, { count }) => sum + count, 0);
    return { kind: "Build", nodes, why: sight.kind === "Broken" ? sight.why : "" };
  }
  const ended = sight.nodes.find(({ isWell }) => !isWell);
  if (ended !== undefined) return { kind: "DropNode", node: ended.name };
  const there = (pool: string): readonly SeenNode[] => sight.nodes.filter((node) => node.pool === pool);
  const missing = wanted.reduce((sum, { pool, count }) => sum + Math.max(count - there(pool.name).length, 0), 0);
  for (const { pool, count } of wanted) {
    const nodes = there(pool.name).length;
    if (nodes < count) return { kind: "AddNode", pool, number: nodes + 1, of: count, missing };
  }
  for (const pool of new Set(sight.nodes.map((node) => node.pool))) {
    const count = wanted.find((one) => one.pool.name === pool)?.count ?? 0;
    const newest = there(pool).at(-1);
    if (newest !== undefined && there(pool).length > count) return { kind: "RetireNode", node: newest.name, pool };
  }
  return undefined;
}
