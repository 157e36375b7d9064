/** Passing time as a dependency, so that a simulation decides how fast it passes. Never the wall clock, which may jump. */
export type Timers = {
  /** Milliseconds that only grow; their zero means nothing. */
  monotonicNow(): number;
  /** Runs once in `ms` milliseconds; the answer calls it off. */
  after(ms: number, run: () => void): () => void;
  /** Runs every `ms` milliseconds; the answer ends it. Keeps no process alive. */
  every(ms: number, run: () => void): () => void;
};

/** The machine's own. */
export const systemTimers: Timers = {
  monotonicNow: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  every(ms, run) {
    const timer = setInterval(run, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
