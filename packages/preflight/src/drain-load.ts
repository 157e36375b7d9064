import { shareOf, type CapacityAmount, type RolloutPolicy } from "@hostrouting/domain";
import type { NodeFacts, PodFacts } from "./facts.ts";

const NOTHING: CapacityAmount = { cpuMilli: 0, memoryBytes: 0 };
const plus = (a: CapacityAmount, b: CapacityAmount): CapacityAmount => ({
  cpuMilli: a.cpuMilli + b.cpuMilli,
  memoryBytes: a.memoryBytes + b.memoryBytes,
});

type Load = { readonly name: string; readonly free: CapacityAmount; readonly leaving: CapacityAmount };

/** What the pods of as many nodes as are drained at once ask for, at worst, and what is free on the others. `silent`: nodes that do not say what they can give. */
export type DrainLoad =
  | { readonly silent: readonly string[] }
  | { readonly drained: readonly string[]; readonly leaving: CapacityAmount; readonly free: CapacityAmount };

/** What is free on each node that takes pods, and what of it would leave. */
function loads(nodes: readonly NodeFacts[], pods: readonly PodFacts[]): readonly Load[] {
  const byNode = Map.groupBy(pods, ({ node }) => node);
  return nodes.flatMap(({ name, allocatable }) => {
    if (allocatable === undefined) return [];
    const here = byNode.get(name) ?? [];
    const used = here.reduce(plus, NOTHING);
    const free = {
      cpuMilli: Math.max(0, allocatable.cpuMilli - used.cpuMilli),
      memoryBytes: Math.max(0, allocatable.memoryBytes - used.memoryBytes),
    };
    return [{ name, free, leaving: here.filter(({ leaves }) => leaves).reduce(plus, NOTHING) }];
  });
}

/** The nodes with most to move are drained together; affinity and the like are the scheduler's. Pure. */
export function drainLoad(
  all: readonly NodeFacts[],
  pods: readonly PodFacts[],
  maxUnavailable: RolloutPolicy["maxUnavailable"],
): DrainLoad {
  const nodes = all.filter(({ os, ready, cordoned }) => (os === "linux" || os === "") && ready && !cordoned);
  const silent = nodes.filter(({ allocatable }) => allocatable === undefined).map(({ name }) => name);
  if (silent.length > 0) return { silent };
  const atOnce = Math.max(1, shareOf(maxUnavailable, nodes.length, "Down"));
  const worst = loads(nodes, pods).toSorted(
    (a, b) => b.leaving.cpuMilli - a.leaving.cpuMilli || b.leaving.memoryBytes - a.leaving.memoryBytes,
  );
  const drained = worst.slice(0, atOnce);
  return {
    drained: drained.map(({ name }) => name),
    leaving: drained.map(({ leaving }) => leaving).reduce(plus, NOTHING),
    free: worst
      .slice(atOnce)
      .map(({ free }) => free)
      .reduce(plus, NOTHING),
  };
}
