import { createHash } from "node:crypto";
import type { Random } from "./random.ts";

/** Something that runs code and can be killed or stopped for a while; its events wait as long as it does. */
export type Process = { readonly name: string; isDead: boolean; pausedUntilMs: number };

type Event = {
  atMs: number;
  readonly order: number;
  readonly what: string;
  readonly owner: Process | undefined;
  run: (() => void) | undefined;
};

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Trace lines that are kept to be shown. */
const TRACE_LINES_MAX = 4_000;

/**
 * Time, and the order in which things happen. Whatever waits does so for an event here, one event runs at a time, and everything that it wakes runs to
 * its next wait before the next one: the same seed gives the same run.
 */
export class Scheduler {
  nowMs: number;
  steps = 0;
  /** The last lines of what happened. */
  readonly trace: string[] = [];
  readonly #hash = createHash("sha256");
  readonly #heap: Event[] = [];
  readonly #random: Random;
  readonly #beganMs: number;
  #count = 0;

  constructor(random: Random, beginMs: number) {
    this.#random = random;
    this.#beganMs = beginMs;
    this.nowMs = beginMs;
  }

  /** Runs once in `ms` milliseconds; the answer calls it off. */
  after(ms: number, what: string, given: { readonly owner?: Process | undefined; readonly run: () => void }): () => void {
    this.#count += 1;
    // Of what is due at the same time the dice decide; the count keeps equal dice apart.
    const order = Math.floor(this.#random.next() * 1_000_000) + this.#count / 1e9;
    const event: Event = { atMs: this.nowMs + Math.max(0, ms), order, what, owner: given.owner, run: given.run };
    this.#push(event);
    return () => void (event.run = undefined);
  }

  /** Tells what happened; part of the hash by which two runs are compared. */
  tell(line: string): void {
    const text = `${((this.nowMs - this.#beganMs) / 1_000).toFixed(3)} ${line}`;
    this.#hash.update(text);
    this.trace.push(text);
    if (this.trace.length > TRACE_LINES_MAX) this.trace.splice(0, TRACE_LINES_MAX / 2);
  }

  /** Of everything that was told so far. */
  traceHash(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }

  /** Runs events until `untilMs`, or until `isOver`; `afterStep` looks at the world after each. */
  async run(untilMs: number, given: { readonly afterStep: () => void; readonly isOver?: () => boolean }): Promise<void> {
    for (;;) {
      if (given.isOver?.() === true) return;
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      await this.#step(next, given.afterStep);
    }
    this.nowMs = untilMs;
  }

  async #step(event: Event, afterStep: () => void): Promise<void> {
    const { owner, run } = event;
    if (run === undefined || owner?.isDead === true) return;
    this.nowMs = Math.max(this.nowMs, event.atMs);
    if (owner !== undefined && owner.pausedUntilMs > this.nowMs) {
      event.atMs = owner.pausedUntilMs;
      this.#push(event);
      return;
    }
    this.steps += 1;
    this.tell(event.what);
    run();
    // Promises run dry before the next macrotask, so everything that the event woke has come to its next wait.
    await new Promise<void>((resolve) => setImmediate(resolve));
    afterStep();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}
