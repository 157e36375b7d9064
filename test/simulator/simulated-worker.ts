import type { ClusterId } from "@hostrouting/domain";
import type { ClusterAccess } from "@hostrouting/kube";
import { createLogger, type Timers } from "@hostrouting/runtime";
import type { RoundDeps } from "../../services/rollout-worker/src/cluster-round.ts";
import { WorkerMetrics } from "../../services/rollout-worker/src/metrics/worker-metrics.ts";
import { startWorker } from "../../services/rollout-worker/src/worker.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const silent = createLogger("simulated", "silent");
/** A process' timers on simulated time; they end with it. */
function timersOf(scheduler: Scheduler, owner: Process): Timers {
  return {
    monotonicNow: () => scheduler.nowMs,
    after: (ms, run) => scheduler.after(ms, `${owner.name} timer`, { owner, run }),
    every(ms, run) {
      let callOff = (): void => {};
      const next = (): void => {
        callOff = scheduler.after(ms, `${owner.name} timer`, {
          owner,
          run: () => {
            next();
            run();
          },
        });
      };
      next();
      return () => callOff();
    },
  };
}

/** Starts the product's worker in a process of the simulation: its store, clusters, bell and timers are the simulation's. */
export function startSimulatedWorker(world: SimulatedWorld, process: Process): void {
  const { store, wire, scheduler, bundle } = world;
  const opened = new Map<ClusterId, ClusterAccess>();
  const accessOf = (id: ClusterId): ClusterAccess => {
    const cluster = world.cluster(id);
    const own = { watch: (_policy: string, onChange: () => void) => cluster.watch(process, onChange), close: () => {} };
    return wire.connect(cluster.fake.access(), { process, port: "cluster", clusterId: id, own });
  };
  const deps: RoundDeps = {
    store: {
      assessments: wire.connect(store.assessments, { process, port: "store" }),
      leases: wire.connect(store.leases, { process, port: "store" }),
      rounds: wire.connect(store.rounds, { process, port: "store" }),
      clusters: wire.connect(store.clusters, { process, port: "store" }),
    },
    access: {
      async get({ id }) {
        const access = opened.get(id) ?? accessOf(id);
        opened.set(id, access);
        return access;
      },
      close: () => {},
    },
    workerId: process.name,
    bundle,
    logger: silent,
    metrics: new WorkerMetrics(),
    timers: timersOf(scheduler, process),
    chance: () => world.random.next(),
    newId: () => `upgrade-${Math.floor(world.random.next() * 2 ** 48).toString(16)}`,
    askWebhook: (hook, question) => world.answers.askWebhook(process, hook, question),
    admission: world.admission,
  };
  startWorker(world.bug?.(deps, { process, world }) ?? deps, {
    ring: async () => {},
    hear: async (listener) => world.hear(process, (clusterId) => void listener(clusterId)),
    figures: () => ({ state: "Working", sent: 0, failed: 0, heard: 0 }),
    close: async () => {},
  });
}
