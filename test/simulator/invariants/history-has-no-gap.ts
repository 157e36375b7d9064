import type { Invariant, Looked } from "./invariant.ts";

/** The history of a cluster is numbered from 1 without a gap. */
export function historyHasNoGap({ world }: Looked): Invariant {
  const lengths = new Map<string, number>();
  return {
    name: "I9 the history is gap-free and grows",
    storeChanged() {
      for (const [id, { history }] of world.store.look().clusters) {
        const before = lengths.get(id) ?? 0;
        if (history.length < before) return `${id}: ${history.length} rows after ${before}`;
        for (let index = before; index < history.length; index += 1)
          if (history[index]?.seq !== index + 1) return `${id}: row ${index + 1} has number ${history[index]?.seq}`;
        lengths.set(id, history.length);
      }
      return undefined;
    },
  };
}
