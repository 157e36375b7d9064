import { isTerminal } from "@hostrouting/domain";
import type { Invariant, Looked } from "./invariant.ts";

/** An accepted request is in the store from then on, and as long as its operation has not ended its cluster works on it. */
export function acceptedIsNeverLost({ world, people }: Looked): Invariant {
  return {
    name: "I1 an accepted request is never lost",
    storeChanged() {
      const { operations } = world.store.look();
      for (const [id, clusterId] of people.accepted) {
        const operation = operations.get(id);
        // The decision is made just before it is written, in the same step.
        if (operation === undefined) return `${id} was accepted and is not there`;
        if (!isTerminal(operation.phase) && world.managed(clusterId).activeOperationId !== id)
          return `${id} is ${operation.phase} and its cluster works on ${world.managed(clusterId).activeOperationId}`;
      }
      return undefined;
    },
  };
}
