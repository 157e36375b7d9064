import type { Timers } from "@hostrouting/runtime";

/** Time that passes when a test says so. */
export class ManualTimers implements Timers {
  #now = 0;
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>();

  monotonicNow(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.#now + ms, run };
    this.#due.add(entry);
    return () => void this.#due.delete(entry);
  }

  every(): () => void {
    throw new Error("nothing repeats here");
  }

  /** Runs what falls due, in its order, and lets streams and promises go on after each. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = [...this.#due].filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined) break;
      this.#due.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settled();
    }
    this.#now = end;
  }
}

/** Streams hand data on, and answers arrive, within a few turns of the event loop. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}
