import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "@hostrouting/domain";

/** What is waited for, how often to look and for how long. */
export interface Wait {
  /** Ends the sentence "… did not happen": "the API server's answer". */
  readonly what: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Where to look when it does not happen. */
  readonly remedy: string;
  /** Ends the wait before its time. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws AppError `lab.aborted` when the signal was given. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AppError("lab.aborted", { say: "The start was broken off; what it had started has been removed" });
}

/** Asks again until the answer is not undefined. Throws AppError `lab.timed-out`, with the last error as its cause, or `lab.aborted`. */
export async function waitUntil<T>(wait: Wait, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + wait.timeoutMs;
  let last: unknown;
  for (;;) {
    throwIfAborted(wait.signal);
    const answer = await ask().catch((error: unknown) => {
      last = error;
      return undefined;
    });
    if (answer !== undefined) return answer;
    if (Date.now() > deadline)
      throw new AppError("lab.timed-out", {
        say: `Waited ${wait.timeoutMs / 1000} s in vain for ${wait.what}`,
        do: wait.remedy,
        cause: last,
      });
    await pause(wait.everyMs);
  }
}
