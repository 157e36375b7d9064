import type { KindStats, TrafficError } from "./traffic-contract.ts";

/** Failures and stalls kept in full; the counts go on. */
const ERRORS_MAX = 50;

/** From here on a connection counts as stalled, whatever becomes of it. */
const STALL_MS = 1_000;

/** How one connection ended. */
export interface Outcome {
  readonly kind: string;
  readonly ip: string;
  readonly tookMs: number;
  /** Nothing when it went well. */
  readonly error?: Error | undefined;
}

/** What only flows that live long have. */
export interface FlowOutcome extends Outcome {
  readonly longestSilenceMs: number;
  readonly sent: number;
  readonly lost: number;
}

type Counts = { -readonly [K in keyof KindStats]: KindStats[K] };

/** Counts of one run. A connection is counted when it begins, and again by its outcome: the difference is under way. */
export class Tally {
  readonly #kinds = new Map<string, Counts>();
  readonly #errors: TrafficError[] = [];

  begin(kind: string): void {
    this.#of(kind).attempted++;
  }

  end(outcome: Outcome): void {
    const counts = this.#of(outcome.kind);
    counts.maxLatencyMs = Math.max(counts.maxLatencyMs, round(outcome.tookMs));
    if (outcome.tookMs > STALL_MS) this.#stall(counts, outcome);
    this.#judge(counts, outcome);
  }

  endFlow(outcome: FlowOutcome): void {
    const counts = this.#of(outcome.kind);
    counts.maxLatencyMs = Math.max(counts.maxLatencyMs, round(outcome.tookMs));
    counts.longestSilenceMs = Math.max(counts.longestSilenceMs, round(outcome.longestSilenceMs));
    counts.sent += outcome.sent;
    counts.lost += outcome.lost;
    if (outcome.longestSilenceMs > STALL_MS) this.#stall(counts, { ...outcome, tookMs: outcome.longestSilenceMs });
    this.#judge(counts, outcome);
  }

  kinds(): Record<string, KindStats> {
    return Object.fromEntries([...this.#kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([kind, counts]) => [kind, { ...counts }]));
  }

  errors(): readonly TrafficError[] {
    return this.#errors;
  }

  #judge(counts: Counts, outcome: Outcome): void {
    const { error, kind, ip, tookMs } = outcome;
    if (!error) {
      counts.ok++;
      return;
    }
    counts.failed++;
    if (isReset(error)) counts.reset++;
    this.#keep({ kind, ip, text: error.message, afterMs: round(tookMs) });
  }

  #stall(counts: Counts, { kind, ip, tookMs, error }: Outcome): void {
    counts.stalledOver1s++;
    if (!error) this.#keep({ kind, ip, text: "answered late", afterMs: round(tookMs) });
  }

  #keep(what: Omit<TrafficError, "at">): void {
    if (this.#errors.length < ERRORS_MAX) this.#errors.push({ at: new Date().toISOString(), ...what });
  }

  #of(kind: string): Counts {
    const found = this.#kinds.get(kind);
    if (found) return found;
    const fresh = { attempted: 0, ok: 0, failed: 0, reset: 0, stalledOver1s: 0, maxLatencyMs: 0, longestSilenceMs: 0, sent: 0, lost: 0 };
    this.#kinds.set(kind, fresh);
    return fresh;
  }
}

function isReset(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ECONNRESET" || code === "EPIPE";
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
