import { setTimeout as pause } from "node:timers/promises";

const LOOK_MS = 100;

/** Looks until there is an answer that is not `undefined` or `false`; what is awaited stands in the error when time is up. */
export async function until<T>(what: string, timeoutMs: number, look: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const startedAt = performance.now();
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() - startedAt > timeoutMs) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await pause(LOOK_MS);
  }
}
