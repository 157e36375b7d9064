import { shareOf } from "@hostrouting/domain";
import type { ClusterFacts, NodeFacts, PodFacts } from "../facts.ts";
import { overPods, podReaders } from "../pod-rule.ts";
import { failed, passed, skipped, unknown, warns, type Outcome, type Rule } from "../rule.ts";

type Amount = { readonly cpuMilli: number; readonly memoryBytes: number };

const NOTHING: Amount = { cpuMilli: 0, memoryBytes: 0 };
const plus = (a: Amount, b: Amount): Amount => ({ cpuMilli: a.cpuMilli + b.cpuMilli, memoryBytes: a.memoryBytes + b.memoryBytes });

type Load = { readonly name: string; readonly free: Amount; readonly leaving: Amount };

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

function judge(facts: ClusterFacts, pods: readonly PodFacts[]): Outcome {
  if (!facts.nodes.known) return unknown(`The nodes could not be read: ${facts.nodes.because}`);
  const nodes = facts.nodes.value.filter(({ os, ready, cordoned }) => (os === "linux" || os === "") && ready && !cordoned);
  const silent = nodes.filter(({ allocatable }) => allocatable === undefined).map(({ name }) => name);
  if (silent.length > 0) return unknown(`What ${silent.join(", ")} can give to pods could not be read.`);
  const atOnce = Math.max(1, shareOf(facts.maxUnavailable, nodes.length, "Down"));
  const worst = loads(nodes, pods).toSorted(
    (a, b) => b.leaving.cpuMilli - a.leaving.cpuMilli || b.leaving.memoryBytes - a.leaving.memoryBytes,
  );
  const drained = worst.slice(0, atOnce);
  const leaving = drained.map((load) => load.leaving).reduce(plus, NOTHING);
  const free = worst
    .slice(atOnce)
    .map((load) => load.free)
    .reduce(plus, NOTHING);
  if (leaving.cpuMilli <= free.cpuMilli && leaving.memoryBytes <= free.memoryBytes) return passed();
  const mebibytes = (amount: Amount): number => Math.floor(amount.memoryBytes / 1_048_576);
  return failed(
    `Pods of ${drained.length} nodes that are drained at once would not fit on the others.`,
    drained.map(({ name }) => `node ${name}`),
    `they ask for ${leaving.cpuMilli}m CPU and ${mebibytes(leaving)} MiB, the others have ${free.cpuMilli}m and ${mebibytes(free)} MiB free`,
  );
}

/** PF-049: where nodes are drained, the pods of as many as are drained at once fit on the others. Affinity and the like are the scheduler's. */
export const capacity: Rule = {
  id: "PF-049",
  title: "Room for the pods of drained nodes",
  severity: warns,
  drivers: podReaders,
  remedy: "Add nodes for the time of the rollout, lower `rolloutPolicy.maxUnavailable`, or switch in place, which moves no pod.",
  check(facts) {
    if (facts.nodeAction === "SwitchInPlace") return skipped("No node is drained.");
    return overPods(facts, (pods) => judge(facts, pods));
  },
};
