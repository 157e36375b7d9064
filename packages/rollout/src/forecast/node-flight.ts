import type { Instant, NodeRollout } from "@hostrouting/domain";
import { isInFlight } from "../budget.ts";
import type { Decision } from "../decide.ts";

/** When a node was in flight, and with which stage; `stage` is undefined where there are none, `endedAt` for one that never came out of it. */
export type NodeFlight = {
  readonly node: string;
  readonly stage: number | undefined;
  readonly startedAt: Instant;
  readonly endedAt: Instant | undefined;
};

/** Notes when nodes take a place in the budget and give it back; of several attempts the first start and the last end. */
export function simulatedFlight() {
  const started = new Map<string, Instant>();
  const ended = new Map<string, Instant>();
  return {
    take({ nodes }: Decision, at: Instant): void {
      for (const { node, phase } of nodes) {
        if (!isInFlight(phase)) {
          if (started.has(node) && !ended.has(node)) ended.set(node, at);
        } else {
          if (!started.has(node)) started.set(node, at);
          ended.delete(node);
        }
      }
    },
    /** In the order in which they began. */
    flights(nodes: readonly NodeRollout[]): readonly NodeFlight[] {
      const stages = new Map(nodes.map(({ node, stage }) => [node as string, stage]));
      const all = [...started].map(([node, startedAt]) => ({ node, stage: stages.get(node), startedAt, endedAt: ended.get(node) }));
      return all.toSorted((a, b) => a.startedAt - b.startedAt || (a.node < b.node ? -1 : 1));
    },
  };
}

/** Most that were in flight at the same time. Pure. */
export function atOnceMax(flights: readonly NodeFlight[]): number {
  const events = flights.flatMap(({ startedAt, endedAt = Infinity }) => [
    { at: startedAt as number, by: 1 },
    { at: endedAt as number, by: -1 },
  ]);
  let now = 0;
  let most = 0;
  for (const { by } of events.toSorted((a, b) => a.at - b.at || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

/** How many had to come one after the other: a node that began when another was through waited for it. Pure. */
export function wavesOf(flights: readonly NodeFlight[]): number {
  const byEnd = flights.filter(({ endedAt }) => endedAt !== undefined).toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  const waves = new Map<string, number>();
  let through = 0;
  let longest = 0;
  for (const { node, startedAt } of flights.toSorted((a, b) => a.startedAt - b.startedAt)) {
    for (let next = byEnd[through]; next !== undefined && (next.endedAt ?? 0) <= startedAt; next = byEnd[through]) {
      longest = Math.max(longest, waves.get(next.node) ?? 0);
      through += 1;
    }
    waves.set(node, longest + 1);
  }
  return Math.max(0, ...waves.values());
}
