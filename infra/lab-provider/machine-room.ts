import { AppError } from "@hostrouting/domain";

/** What the machine holds and may hold. Bytes and counts. */
export interface MachineRoom {
  /** MemAvailable of /proc/meminfo (proc(5)). */
  readonly memoryAvailable: number;
  /** Of clusters that were made on request; the lab that is there from the start is not counted. */
  readonly clusters: number;
  readonly nodes: number;
  readonly clustersMax: number;
  readonly nodesMax: number;
}

const MIB = 1024 ** 2;
/** A node's containerd, kubelet, kube-proxy and agent, with room for some pods. */
const NODE_BYTES = 400 * MIB;
/** etcd, API server, controllers and scheduler. */
const CONTROL_PLANE_BYTES = 500 * MIB;
/** What everything else on the machine keeps. */
const KEPT_FREE_BYTES = 1024 * MIB;

/**
 * Refuses what the machine has no room for. Pure. @param more what is about to be made
 * Throws AppError `room.clusters`, `room.nodes`, `room.memory`.
 */
export function requireRoom(room: MachineRoom, more: { readonly clusters: number; readonly nodes: number }): void {
  if (room.clusters + more.clusters > room.clustersMax)
    throw new AppError("room.clusters", {
      say: `This machine holds ${room.clustersMax} lab clusters at most, and has ${room.clusters}`,
      do: "Delete one, or raise HOSTROUTING_LAB_CLUSTERS_MAX and start again.",
    });
  if (room.nodes + more.nodes > room.nodesMax)
    throw new AppError("room.nodes", {
      say: `This machine holds ${room.nodesMax} nodes of lab clusters at most; it has ${room.nodes}, and ${more.nodes} more are asked for`,
      do: "Make pools smaller or delete a cluster, or raise HOSTROUTING_LAB_NODES_MAX and start again.",
    });
  const needed = more.clusters * CONTROL_PLANE_BYTES + more.nodes * NODE_BYTES;
  if (room.memoryAvailable - needed >= KEPT_FREE_BYTES) return;
  throw new AppError("room.memory", {
    say: `This needs ${mib(needed)} of memory beside ${mib(KEPT_FREE_BYTES)} that are kept free, and ${mib(room.memoryAvailable)} are available`,
    do: "End something that runs here, make pools smaller, or delete a cluster.",
  });
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

/** MemAvailable in bytes; nothing where the text does not say it. */
export function memoryAvailable(meminfo: string): number | undefined {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
