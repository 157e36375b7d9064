import { retryPauseMs } from "@hostrouting/domain";

type Entry = { readonly tries: number; readonly until: number };

/**
 * Keeps what failed from being tried at once again, by what it is done to: other nodes go on meanwhile. Lost with its process, which costs one try; how often
 * it was tried in vain stands in the store.
 */
export class SubjectBackoff {
  readonly #entries = new Map<string, Entry>();
  readonly #monotonicNow: () => number;
  readonly #chance: () => number;

  /** `chance`: from 0 to 1. */
  constructor(monotonicNow: () => number, chance: () => number) {
    this.#monotonicNow = monotonicNow;
    this.#chance = chance;
  }

  /** Whether nothing is being kept. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  mayTry(subject: string): boolean {
    return this.#monotonicNow() >= (this.#entries.get(subject)?.until ?? 0);
  }

  failed(subject: string): void {
    const tries = (this.#entries.get(subject)?.tries ?? 0) + 1;
    this.#entries.set(subject, { tries, until: this.#monotonicNow() + retryPauseMs(tries, this.#chance()) });
  }

  /** In how many milliseconds the next one may be tried; 0 when nothing is being kept. */
  nextInMs(): number {
    const next = Math.min(...[...this.#entries.values()].map(({ until }) => until));
    return this.isEmpty ? 0 : Math.max(0, next - this.#monotonicNow());
  }

  succeeded(subject: string): void {
    this.#entries.delete(subject);
  }

  /** Forgets what nobody wants to do any more. */
  keepOnly(subjects: ReadonlySet<string>): void {
    for (const subject of this.#entries.keys()) if (!subjects.has(subject)) this.#entries.delete(subject);
  }
}
