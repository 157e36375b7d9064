import type { Operation, OperationId } from "@hostrouting/domain";
import type { Invariant, Looked } from "./invariant.ts";

/** Phases in which an operation needs no place, written down here a second time on purpose. */
const WITHOUT: ReadonlySet<Operation["phase"]> = new Set(["Accepted", "Paused", "Succeeded", "Failed", "Canceled"]);

/** An operation that switches on takes a place only while there is one: of the whole, of its subscription and of its region. */
export function placesAreKept({ world }: Looked): Invariant {
  let holders = new Set<OperationId>();
  return {
    name: "places of operations are kept",
    storeChanged() {
      const all = [...world.store.look().operations.values()];
      const now = all.filter(({ phase, control }) => !WITHOUT.has(phase) && control.rest === undefined);
      const taken = now.filter((operation) => !holders.has(operation.id) && isAsked(operation));
      holders = new Set(now.map(({ id }) => id));
      for (const { id, clusterId } of taken) {
        const { subscriptionId, location } = world.managed(clusterId);
        const among = (isSame: (cluster: { readonly subscriptionId: string; readonly location: string }) => boolean): number =>
          now.filter((operation) => isSame(world.managed(operation.clusterId))).length;
        const { global, subscription, region } = world.admission;
        if (now.length > global) return `${id} took place ${now.length} of ${global}`;
        if (among((cluster) => cluster.subscriptionId === subscriptionId) > subscription)
          return `${id} took a place of its subscription's, which has ${subscription}`;
        if (among((cluster) => cluster.location === location) > region) return `${id} took a place of its region's, which has ${region}`;
      }
      return undefined;
    },
  };
}

/** Whoever switches off, winds down or comes to a safe point asks nobody. */
function isAsked({ kind, phase, error, cancelRequested }: Operation): boolean {
  const switchesOn = kind === "EnableHostRouting" || kind === "UpgradeBundle";
  return switchesOn && phase !== "Pausing" && phase !== "Canceling" && error === undefined && !cancelRequested;
}
