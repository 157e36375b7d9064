/** What fails again and again over a cluster. `Round`: rounds themselves; `Intent`: something that they want to write. */
export type StepFaults = { readonly kind: "Round" | "Intent"; readonly tries: number; readonly message: string };

/** Tries before an operation is paused, unless said. */
export const STEP_TRIES_DEFAULT = 20;
/** Both ends allowed. */
export const stepTriesBounds = { min: 1, max: 1_000 } as const;

/** A second, twice as long each time, a minute at most: 20 tries are a quarter of an hour. */
const FIRST_MS = 1_000;
const MOST_MS = 60_000;

/** How long to wait after so many tries (1 is the first), less by up to half: `chance` is from 0 to 1. Pure. */
export function retryPauseMs(tries: number, chance: number): number {
  return Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(Math.max(tries, 1) - 1, 16)) * (1 - chance / 2);
}
