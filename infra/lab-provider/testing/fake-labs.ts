import { AppError, type ClusterId } from "@hostrouting/domain";
import type { LabSight, LabStep, SeenNode } from "../decide-step.ts";
import type { Labs, StepDoing } from "../labs.ts";

/** Labs in memory: a cluster is a list of nodes. `before` is called ahead of each step and may fail, or wait. */
export type FakeLabs = Labs & {
  readonly clusters: Map<ClusterId, SeenNode[]>;
  readonly log: string[];
  before: (id: ClusterId, step: LabStep, doing: StepDoing) => Promise<void>;
  /** Nodes that this machine holds in all. */
  nodesMax: number;
};

/** Waits for a step to be broken off, as every step of a real lab does. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(new AppError("lab.aborted", { say: "The start was broken off" }));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

/** Makes a machine without labs. */
export function fakeLabs(): FakeLabs {
  const clusters = new Map<ClusterId, SeenNode[]>();
  const log: string[] = [];
  const nameOf = (id: ClusterId): string => id.split("/").at(-1) ?? "";
  const labs: FakeLabs = {
    clusters,
    log,
    nodesMax: 100,
    before: async () => undefined,
    async see(id): Promise<LabSight> {
      const nodes = clusters.get(id);
      return nodes === undefined ? { kind: "Absent" } : { kind: "Running", nodes: [...nodes] };
    },
    async do(wish, step, doing) {
      log.push(`${wish.name}: ${step.kind}`);
      await labs.before(wish.id, step, doing);
      const nodes = clusters.get(wish.id) ?? [];
      if (step.kind === "Build") {
        const names = wish.pools.flatMap(({ pool, count }) =>
          Array.from({ length: count }, (_, at) => ({ name: `aks-${pool.name}-${at}`, pool: pool.name, isWell: true })),
        );
        clusters.set(wish.id, names);
      } else if (step.kind === "AddNode")
        clusters.set(wish.id, [...nodes, { name: `aks-${step.pool.name}-${step.number - 1}`, pool: step.pool.name, isWell: true }]);
      else
        clusters.set(
          wish.id,
          nodes.filter(({ name }) => name !== step.node),
        );
    },
    finish: async (wish) => ({
      fqdn: wish.fqdn,
      kubernetesVersion: "1.36.3",
      pools: wish.pools.map(({ pool }) => ({
        name: pool.name,
        count: (clusters.get(wish.id) ?? []).filter((node) => node.pool === pool.name).length,
        kubernetesVersion: "1.36.3",
        nodeImageVersion: "image",
      })),
      credentials: { worker: `/${wish.name}/worker`, user: `/${wish.name}/user`, admin: `/${wish.name}/admin` },
    }),
    async remove(id) {
      log.push(`${nameOf(id)}: remove`);
      clusters.delete(id);
    },
    room: async (except) => ({
      memoryAvailable: 2 ** 40,
      clusters: clusters.size,
      clustersMax: 100,
      nodes: [...clusters].filter(([id]) => id !== except).reduce((sum, [, nodes]) => sum + nodes.length, 0),
      nodesMax: labs.nodesMax,
    }),
    async removeOthers(known) {
      const others = [...clusters.keys()].filter((id) => !known.includes(id));
      for (const id of others) await labs.remove(id);
      return others.length;
    },
  };
  return labs;
}
