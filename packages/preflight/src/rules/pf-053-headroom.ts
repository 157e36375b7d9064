import type { ClusterFacts, NodeFacts } from "../facts.ts";
import { overPods } from "../pod-rule.ts";
import { failed, passed, unknown, warns, type Outcome, type Rule } from "../rule.ts";

/** What the agent takes at most on a busy node: a tenth of a processor, and memory for its process and its tables. */
const CPU_MILLI = 100;
const MEMORY_BYTES = 200 * 1024 * 1024;

type Free = { readonly cpuMilli: number; readonly memoryBytes: number };

/** What is left of each node that says what it has. */
function freeByNode(nodes: readonly NodeFacts[], pods: Extract<ClusterFacts["pods"], { known: true }>["value"]): ReadonlyMap<string, Free> {
  const free = new Map<string, Free>(nodes.flatMap(({ name, allocatable }) => (allocatable === undefined ? [] : [[name, allocatable]])));
  for (const { node, cpuMilli, memoryBytes } of pods) {
    const left = free.get(node);
    if (left !== undefined) free.set(node, { cpuMilli: left.cpuMilli - cpuMilli, memoryBytes: left.memoryBytes - memoryBytes });
  }
  return free;
}

function judge(nodes: readonly NodeFacts[], free: ReadonlyMap<string, Free>): Outcome {
  const short = [...free].filter(([, { cpuMilli, memoryBytes }]) => cpuMilli < CPU_MILLI || memoryBytes < MEMORY_BYTES);
  if (short.length > 0)
    return failed(
      "Pods have asked for almost everything that these nodes have; the agent would compete with them.",
      short.map(([name]) => `node ${name}`),
      short
        .map(([name, left]) => `${name}: ${left.cpuMilli}m CPU, ${Math.floor(left.memoryBytes / 1_048_576)} MiB not asked for`)
        .join("; "),
    );
  const silent = nodes.filter(({ name }) => !free.has(name)).map(({ name }) => name);
  return silent.length === 0 ? passed() : unknown(`What ${silent.join(", ")} can give to pods could not be read.`);
}

/** PF-053: every Linux node has room for the bundle. */
export const headroom: Rule = {
  id: "PF-053",
  title: "Room for the node agent",
  severity: warns,
  drivers: ["bundle"],
  remedy: "Move pods to other nodes or use larger ones: 100m CPU and 200 MiB should be left.",
  check(facts) {
    if (!facts.nodes.known) return unknown(`The nodes could not be read: ${facts.nodes.because}`);
    const nodes = facts.nodes.value.filter(({ os }) => os === "linux" || os === "");
    return overPods(facts, (pods) => judge(nodes, freeByNode(nodes, pods)));
  },
};
