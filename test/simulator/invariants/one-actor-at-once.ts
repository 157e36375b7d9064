import { isRead } from "../wire.ts";
import type { Invariant, Looked } from "./invariant.ts";

/** Nobody writes to a cluster or records a round but the holder of its lease, and an agent never goes back to an older token. */
export function oneActorAtOnce({ world }: Looked): Invariant {
  const tokens = new Map<string, number>();
  return {
    name: "I3 no two actors change one cluster with overlapping tokens",
    issued({ process, port, clusterId, method }) {
      // Writing the cluster's own Lease is how a worker asks whether it may write.
      if (port !== "cluster" || isRead(method) || method === "writeRolloutLease" || clusterId === undefined) return undefined;
      const lease = world.store.look().leases.get(clusterId);
      if (lease?.holder === process.name && lease.expiresAt > world.scheduler.nowMs) return undefined;
      return `${process.name} calls ${method} without the lease, which ${lease?.holder} has until ${lease?.expiresAt}`;
    },
    effected({ process, method, clusterId, args }, answer) {
      if (method !== "record" || answer !== "Recorded" || clusterId === undefined) return undefined;
      const lease = world.store.look().leases.get(clusterId);
      if (lease?.holder === process.name && lease.token === args[1]) return undefined;
      return `${process.name} recorded a round under token ${String(args[1])}; ${lease?.holder} has ${lease?.token}`;
    },
    clusterChanged({ truths, fake }) {
      for (const { uid, name, bootId } of truths.values()) {
        const token = fake.agents.get(name)?.fencingToken ?? 0;
        const before = tokens.get(`${uid} ${bootId}`) ?? 0;
        if (token < before) return `the agent of ${name} followed token ${token} after ${before}`;
        tokens.set(`${uid} ${bootId}`, token);
      }
      return undefined;
    },
  };
}
