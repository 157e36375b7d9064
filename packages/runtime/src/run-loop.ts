import type { Logger } from "./logger.ts";
import { systemTimers, type Timers } from "./timers.ts";

/** A loop that runs one round at a time: when woken, and at the latest after what the round asked for. */
export type RunLoop = { wake(): void; stop(): Promise<void> };

/**
 * Runs `round` over and over, never twice at once. `round` answers in how many milliseconds it wants to run again;
 * a fault is logged and the next round comes after `faultPauseMs`: the loop itself is the retry.
 */
export function startLoop(options: {
  name: string;
  logger: Logger;
  faultPauseMs: number;
  round: () => Promise<number>;
  timers?: Timers;
}): RunLoop {
  const timers = options.timers ?? systemTimers;
  let stopped = false;
  let woken = false;
  let wakeUp = (): void => {};
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const callOff = timers.after(ms, resolve);
      wakeUp = () => {
        callOff();
        resolve();
      };
    });
  const running = (async () => {
    while (!stopped) {
      woken = false;
      let pauseMs = options.faultPauseMs;
      try {
        pauseMs = await options.round();
      } catch (error) {
        options.logger.error({ err: error, loop: options.name }, "round failed, will run again");
      }
      if (!stopped && !woken) await pause(pauseMs);
    }
  })();
  return {
    wake() {
      woken = true;
      wakeUp();
    },
    async stop() {
      stopped = true;
      wakeUp();
      await running;
    },
  };
}
