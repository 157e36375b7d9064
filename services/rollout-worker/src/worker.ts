import type { ClusterId } from "@hostrouting/domain";
import type { Answer, Doorbell } from "@hostrouting/doorbell";
import { startLoop } from "@hostrouting/runtime";
import { startClusterLoop, type ClusterLoop } from "./cluster-loop.ts";
import type { RoundDeps } from "./cluster-round.ts";

/** Clusters that are due are looked for this often: the longest that a bell which did not ring can cost. */
const SWEEP_MS = 5_000;
const SWEEP_CLUSTERS_MAX = 1_000;
/** A round mostly waits for an API server; more at once would only queue in the store's ten connections. */
const ROUNDS_AT_ONCE_MAX = 16;

/** Lets at most `limit` runs in at once; the others wait in the order in which they came. */
export function limitConcurrency(limit: number): <T>(run: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** The worker: one loop per cluster, begun when the cluster is first due or rung for. */
export type Worker = { stop(): Promise<void> };

/** Starts looking after every cluster that the store knows. Never throws: whatever is away is tried again. */
export function startWorker(deps: RoundDeps, doorbell: Doorbell): Worker {
  const loops = new Map<ClusterId, ClusterLoop>();
  const enter = limitConcurrency(ROUNDS_AT_ONCE_MAX);
  let stopped = false;
  const onUnknown = (clusterId: ClusterId): void => {
    void loops.get(clusterId)?.stop();
    loops.delete(clusterId);
  };
  const look = (clusterId: ClusterId): Promise<Answer> => {
    if (stopped) return Promise.resolve("HeldElsewhere");
    let loop = loops.get(clusterId);
    if (loop === undefined) {
      loop = startClusterLoop(deps, { enter, onUnknown }, clusterId);
      loops.set(clusterId, loop);
    } else loop.wake();
    return loop.nextAnswer();
  };
  let hears = false;
  const sweep = startLoop({
    name: "sweep",
    logger: deps.logger,
    faultPauseMs: 1_000,
    timers: deps.timers,
    async round() {
      for (const clusterId of await deps.store.rounds.due(SWEEP_CLUSTERS_MAX)) void look(clusterId);
      if (!hears) await doorbell.hear(look);
      hears = true;
      return SWEEP_MS;
    },
  });
  return {
    async stop() {
      stopped = true;
      await sweep.stop();
      await Promise.all([...loops.values()].map((loop) => loop.stop()));
    },
  };
}
