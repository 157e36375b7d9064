import { retryPauseMs, type ClusterId } from "@hostrouting/domain";
import type { Answer } from "@hostrouting/doorbell";
import type { Closable, ClusterAccess } from "@hostrouting/kube";
import { AZURE_DESTINATIONS_POLICY } from "@hostrouting/policy";
import { startLoop, type RunLoop, type Timers } from "@hostrouting/runtime";
import { clusterRound, type RoundDeps, type RoundEnd } from "./cluster-round.ts";
import { newMemory, type RoundMemory } from "./round-memory.ts";

/** A fault (the store is away, say) is tried again after this. */
const FAULT_PAUSE_MS = 1_000;
/** Events come in bursts; one look serves all of a burst. */
const EVENT_DEBOUNCE_MS = 60;
/** A cluster that the store does not know is forgotten; until then nothing is asked. */
const UNKNOWN_PAUSE_MS = 60_000;

/** Keeps one watch open while it is wanted, on the access that is in use now. */
function watcher(timers: Timers, wake: () => void): { follow(access: ClusterAccess | undefined): void } {
  let current: { readonly access: ClusterAccess; readonly watch: Closable } | undefined;
  let callOff: (() => void) | undefined;
  const onChange = (): void => {
    callOff ??= timers.after(EVENT_DEBOUNCE_MS, () => {
      callOff = undefined;
      wake();
    });
  };
  return {
    follow(access) {
      if (current?.access === access) return;
      current?.watch.close();
      current = access && { access, watch: access.watch(AZURE_DESTINATIONS_POLICY, onChange) };
      if (access !== undefined) return;
      callOff?.();
      callOff = undefined;
    },
  };
}

/** What a loop tells its worker. `enter` limits how many rounds run at once; `onUnknown` is called when the store knows no such cluster. */
export type LoopHost = { readonly enter: <T>(run: () => Promise<T>) => Promise<T>; readonly onUnknown: (clusterId: ClusterId) => void };

async function countedRound(deps: RoundDeps, clusterId: ClusterId, memory: RoundMemory): Promise<RoundEnd> {
  try {
    const end = await clusterRound(deps, clusterId, memory);
    deps.metrics.roundEnded(clusterId, end.kind === "Yielded" ? "Yielded" : "Done");
    return end;
  } catch (error) {
    deps.metrics.roundEnded(clusterId, "Faulted");
    throw error;
  }
}

/** A loop that says what became of the next round that begins; before the first has begun, of that. */
export type ClusterLoop = RunLoop & { nextAnswer(): Promise<Answer> };

/** Who rang waits for a round that began after the ring; a fault is the loop's own to mend, so nobody rings again for it. */
function answers(): { next(): Promise<Answer>; during(round: () => Promise<RoundEnd>): Promise<RoundEnd>; end(): void } {
  const waiting: ((answer: Answer) => void)[] = [];
  return {
    next: () => new Promise((resolve) => void waiting.push(resolve)),
    async during(round) {
      const asked = waiting.splice(0);
      let answer: Answer = "Looked";
      try {
        const end = await round();
        if (end.kind === "Yielded") answer = "HeldElsewhere";
        return end;
      } finally {
        for (const tell of asked) tell(answer);
      }
    },
    end: () => waiting.splice(0).forEach((tell) => tell("HeldElsewhere")),
  };
}

/** Runs rounds over one cluster: when woken, when its watch sees a change, and at the latest when the last round asked to. */
export function startClusterLoop(deps: RoundDeps, host: LoopHost, clusterId: ClusterId): ClusterLoop {
  const answer = answers();
  const watch = watcher(deps.timers, () => loop.wake());
  const memory = newMemory((access) => watch.follow(access));
  const round = async (): Promise<number> => {
    // Whoever started the loop asks right after; the first round is to be the one that it asks about.
    await Promise.resolve();
    let end: RoundEnd;
    try {
      end = await host.enter(() => answer.during(() => countedRound(deps, clusterId, memory)));
    } catch (error) {
      deps.logger.error({ err: error, loop: clusterId }, "round failed, will run again");
      return retryPauseMs(memory.tries, (deps.chance ?? Math.random)());
    }
    switch (end.kind) {
      case "Done":
        watch.follow(end.isActive ? end.access : undefined);
        return end.lookAgainInMs;
      case "Yielded":
        watch.follow(undefined);
        return end.lookAgainInMs;
      case "Unknown":
        watch.follow(undefined);
        deps.metrics.forget(clusterId);
        host.onUnknown(clusterId);
        return UNKNOWN_PAUSE_MS;
    }
  };
  const loop = startLoop({ name: clusterId, logger: deps.logger, faultPauseMs: FAULT_PAUSE_MS, round, timers: deps.timers });
  return {
    wake: () => loop.wake(),
    nextAnswer: () => answer.next(),
    async stop() {
      watch.follow(undefined);
      await loop.stop();
      memory.webhook.asking?.abort();
      memory.assessment.stopped = true;
      answer.end();
      watch.follow(undefined);
      deps.metrics.forget(clusterId);
      // Given back, so that another worker need not wait for it to run out; if the store is away, it runs out.
      if (memory.lease !== undefined) await deps.store.leases.release(memory.lease).catch(() => undefined);
    },
  };
}
