/** Time as a dependency, so that tests decide what time it is. Milliseconds since 1970-01-01T00:00Z. */
export type Clock = { now(): number };

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };
