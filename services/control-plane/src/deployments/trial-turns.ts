import { ArmError } from "../arm/arm-error.ts";

/** Trials at once in one process: each holds a connection of the pool and locks. */
const TRIALS_MAX = 2;
/** More than this wait for their turn and the next is sent away. */
const WAITING_MAX = 20;
const RETRY_SECONDS = 2;

/** Lets at most so many trials run at once, the others in the order in which they came. */
export function trialTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= TRIALS_MAX) {
      if (waiting.length >= WAITING_MAX) {
        const message = "Too many deployments are being validated at once. Repeat the request.";
        throw new ArmError(429, { code: "TooManyRequests", message }, { retryAfterSeconds: RETRY_SECONDS });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
