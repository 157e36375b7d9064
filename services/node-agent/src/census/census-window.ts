/** A connection that has lasted for so long is one that a switch could disturb and somebody would notice; younger ones end by themselves. */
export const LONG_LIVED_MS = 30_000;

/** Established TCP connections by network namespace (its cookie) at one time of a clock that only runs forward. */
export type CensusSample = { readonly atMs: number; readonly established: ReadonlyMap<bigint, number> };

/** `longLived`: connections older than 30 s, at most. */
export type ConnectionCount = { readonly established: number; readonly longLived: number };

/**
 * Counts by the kernel's gauges alone. A connection that is older than 30 s was there at every look since, so in a namespace there are no more
 * of them than the least gauge of that time; fewer where short ones follow each other without a pause. Undefined as long as the oldest sample is
 * younger. Pure.
 */
export function countLongLived(samples: readonly CensusSample[], nowMs: number): ConnectionCount | undefined {
  const window = samplesNeeded(samples, nowMs);
  const [oldest, newest] = [window[0], window.at(-1)];
  if (oldest === undefined || newest === undefined || nowMs - oldest.atMs < LONG_LIVED_MS) return undefined;
  const counts = [...newest.established].map(([netns, established]) => {
    return { established, longLived: Math.min(...window.map((sample) => sample.established.get(netns) ?? 0)) };
  });
  return {
    established: counts.reduce((total, { established }) => total + established, 0),
    longLived: counts.reduce((total, { longLived }) => total + longLived, 0),
  };
}

/** The samples of the last 30 s, and the one before them: what is older says nothing more. Oldest first, as given. Pure. */
export function samplesNeeded(samples: readonly CensusSample[], nowMs: number): readonly CensusSample[] {
  const base = samples.findLastIndex(({ atMs }) => nowMs - atMs >= LONG_LIVED_MS);
  return base <= 0 ? samples : samples.slice(base);
}
