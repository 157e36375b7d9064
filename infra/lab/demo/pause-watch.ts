import { performance } from "node:perf_hooks";

const TICK_MS = 10;

/** How long a pause is remembered: longer than an answer may take. */
const REMEMBERED_MS = 10_000;

/** Tells how long this process stood still lately, so that its own lateness is not taken for the network's. */
export class PauseWatch {
  readonly #timer: NodeJS.Timeout;
  #pauses: { at: number; ms: number }[] = [];
  #due = performance.now() + TICK_MS;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** The longest pause of the last 10 s, milliseconds. */
  longestMs(): number {
    this.#tick();
    return Math.max(0, ...this.#pauses.map(({ ms }) => Math.round(ms)));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Keeps a pause only while no later one is longer: a handful at most. */
  #tick(): void {
    const now = performance.now();
    const late = now - this.#due;
    this.#due = now + TICK_MS;
    if (late > 0) this.#pauses = [...this.#pauses.filter(({ ms }) => ms > late), { at: now, ms: late }];
    this.#pauses = this.#pauses.filter(({ at }) => now - at < REMEMBERED_MS);
  }
}
