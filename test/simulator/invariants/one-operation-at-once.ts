import { isTerminal } from "@hostrouting/domain";
import type { Invariant, Looked } from "./invariant.ts";

/** At most one operation of a cluster has not ended. */
export function oneOperationAtOnce({ world }: Looked): Invariant {
  return {
    name: "I2 at most one operation of a cluster is under way",
    storeChanged() {
      const busy = new Map<string, string>();
      for (const { id, clusterId, phase } of world.store.look().operations.values()) {
        if (isTerminal(phase)) continue;
        const other = busy.get(clusterId);
        if (other !== undefined) return `${other} and ${id} are under way on ${clusterId}`;
        busy.set(clusterId, id);
      }
      return undefined;
    },
  };
}
