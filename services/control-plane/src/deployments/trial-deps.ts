import type { Doorbell } from "@hostrouting/doorbell";
import type { Deps } from "../deps.ts";
import { trialStore } from "../arm/internal-call.ts";

/** A bell that is silent within a trial: there is nothing to see for anybody. */
function silentInTrials(bell: Doorbell): Doorbell {
  return {
    ring: async (id) => (trialStore() === undefined ? bell.ring(id) : undefined),
    hear: (listener) => bell.hear(listener),
    figures: () => bell.figures(),
    close: () => bell.close(),
  };
}

/** What requests work with: within a trial its store, of which nothing is kept. */
export function withTrials(deps: Deps): Deps {
  return {
    ...deps,
    store() {
      const store = deps.store();
      const trial = trialStore();
      return trial === undefined ? store : { ...store, ...trial };
    },
    doorbell: silentInTrials(deps.doorbell),
  };
}
