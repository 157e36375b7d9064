/** From one moment to another, milliseconds of CLOCK_MONOTONIC, which is the same in every process of a machine. */
export type Span = readonly [fromMs: number, toMs: number];

const TICK_MS = 10;
/** A timer is late by as much on an idle machine. */
const LATE_MS = 10;

/** CLOCK_MONOTONIC in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Notes from now on when this process did not run; answers with what was noted so far. */
export function watchPauses(): () => Span[] {
  const pauses: Span[] = [];
  let expectedMs = monotonicMs() + TICK_MS;
  const look = (): void => {
    const nowMs = monotonicMs();
    if (nowMs - expectedMs > LATE_MS) pauses.push([expectedMs, nowMs]);
    expectedMs = nowMs + TICK_MS;
  };
  setInterval(look, TICK_MS).unref();
  return () => {
    look(); // a pause that has just ended, and whose timer comes after whoever asks
    return pauses;
  };
}

/** The longest of these silences, each without the time of it in which one of the ends did not run, milliseconds. */
export function longestSilenceMs(silences: readonly Span[], pauses: readonly Span[]): number {
  const sorted = pauses.toSorted(([one], [other]) => one - other);
  return Math.max(0, ...silences.map((silence) => silence[1] - silence[0] - coveredMs(silence, sorted)));
}

/** How much of a span spans in the order of their beginnings cover; what several of them cover counts once. */
function coveredMs([fromMs, toMs]: Span, spans: readonly Span[]): number {
  let sumMs = 0;
  let seenMs = fromMs;
  for (const [beginMs, endMs] of spans) {
    const [at, until] = [Math.max(beginMs, seenMs), Math.min(endMs, toMs)];
    if (until <= at) continue;
    sumMs += until - at;
    seenMs = until;
  }
  return sumMs;
}
