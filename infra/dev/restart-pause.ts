/** First pause; a journey that kills a process wants it back within 1–2 s. */
const FIRST_MS = 100;
const LONGEST_MS = 5_000;
/** A process that ran this long is well: its next crash counts as its first. */
const WELL_AFTER_MS = 30_000;

/** How long to wait before a crashed process is started again: 100 ms, doubled with every crash in a row up to 5 s. */
export function restartPauseMs(crashesInRow: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(crashesInRow - 1, 10));
}

/** Crashes in a row after one more, when the process had run for `ranMs`. */
export function crashesAfter(crashesInRow: number, ranMs: number): number {
  return ranMs >= WELL_AFTER_MS ? 1 : crashesInRow + 1;
}
