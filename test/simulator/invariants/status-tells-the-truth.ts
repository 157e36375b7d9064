import type { ClusterId, HostRoutingStatus } from "@hostrouting/domain";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { Invariant, Looked } from "./invariant.ts";

/** What a status is made of may have been seen so long before it is written. */
const SEEN_MAX_MS = 60_000;

/** No status says what neither the node's kernel nor its agent's last report has said within the last minute. */
export function statusTellsTheTruth({ world }: Looked): Invariant {
  const lastSo = new Map<string, number>();
  const written = new Map<ClusterId, HostRoutingStatus>();
  const key = (...parts: readonly [id: ClusterId, node: string, mode: string]): string => parts.join(" ");
  const look = ({ id, truths, fake }: SimulatedCluster): void => {
    for (const { name } of truths.values())
      for (const mode of [fake.agents.get(name)?.effectiveMode, fake.objects.get(name)?.status?.effectiveMode])
        if (mode !== undefined) lastSo.set(key(id, name, mode), world.scheduler.nowMs);
  };
  return {
    name: "no status claims what the kernel does not show",
    clusterChanged(cluster) {
      look(cluster);
      return undefined;
    },
    storeChanged() {
      for (const [id, { status }] of world.store.look().clusters) {
        if (status === undefined || written.get(id) === status) continue;
        written.set(id, status);
        look(world.cluster(id));
        for (const { name, effectiveMode, reason } of status.nodes) {
          const at = lastSo.get(key(id, name, effectiveMode));
          if (effectiveMode === "Unknown" || (at !== undefined && world.scheduler.nowMs - at <= SEEN_MAX_MS)) continue;
          return `${name} is said to be ${effectiveMode} (${reason}), and its kernel ${at === undefined ? "never was" : "is not since long"}`;
        }
      }
      return undefined;
    },
  };
}
