import { isDeepStrictEqual } from "node:util";
import { isTerminal, type Operation, type OperationId } from "@hostrouting/domain";
import type { Invariant, Looked } from "./invariant.ts";

/** An operation that has ended never changes. */
export function endedStaysEnded({ world }: Looked): Invariant {
  const ended = new Map<OperationId, Operation>();
  return {
    name: "I10 an operation that has ended never changes",
    storeChanged() {
      const { operations } = world.store.look();
      for (const [id, before] of ended) {
        const now = operations.get(id);
        if (now !== before && !isDeepStrictEqual(now, before)) return `${id} had ended as ${before.phase} and is ${now?.phase} now`;
      }
      for (const [id, operation] of operations) if (isTerminal(operation.phase) && !ended.has(id)) ended.set(id, operation);
      return undefined;
    },
  };
}
