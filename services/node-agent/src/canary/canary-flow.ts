/** How long an answer may take before its ping counts as lost. */
const LOST_AFTER_MS = 1000;
/** Later than this, a tick says that this process stood still, not that the network did. */
const PAUSE_MIN_MS = 50;

/** What one canary saw: its longest time without an answer, pings without an answer in a second, and whether its connection broke. */
export type CanaryResult = { name: string; longestSilenceMs: number; lost: number; failed: boolean };

/** The record of one flow. Times are of one monotonic clock, in milliseconds. Silence and losses count from the first answer on. */
export class CanaryFlow {
  readonly name: string;
  readonly #intervalMs: number;
  #next = 0;
  #lastTickAt: number | undefined;
  #lastAnswerAt: number | undefined;
  #longestSilenceMs = 0;
  #lost = 0;
  #answers = 0;
  #failed = false;
  readonly #outstanding = new Map<number, number>();

  constructor(name: string, intervalMs: number) {
    this.name = name;
    this.#intervalMs = intervalMs;
  }

  /** Whether it was ever answered and has not broken. */
  get alive(): boolean {
    return this.#answers > 0 && !this.#failed;
  }

  get answers(): number {
    return this.#answers;
  }

  /** Every interval: counts what is overdue. @returns the number of the ping to be sent now; undefined when the flow broke. */
  tick(nowMs: number): number | undefined {
    this.#forgiveOwnPause(nowMs);
    this.#lastTickAt = nowMs;
    if (this.#failed) return undefined;
    this.#noteSilence(nowMs);
    for (const [number, sentAt] of this.#outstanding)
      if (nowMs - sentAt > LOST_AFTER_MS) {
        this.#outstanding.delete(number);
        this.#lost += 1;
      }
    this.#next += 1;
    this.#outstanding.set(this.#next, nowMs);
    return this.#next;
  }

  /** The answer to ping `number` is here. Doubles and late ones end a silence, too. */
  answered(number: number, nowMs: number): void {
    if (number < 1 || number > this.#next) return;
    this.#forgiveOwnPause(nowMs);
    this.#noteSilence(nowMs);
    // what was sent before the way was open is not lost
    if (this.#answers === 0) this.#outstanding.clear();
    this.#lastAnswerAt = nowMs;
    this.#answers += 1;
    this.#outstanding.delete(number);
  }

  /** The connection is gone. */
  broke(): void {
    this.#failed = true;
  }

  result(): CanaryResult {
    return { name: this.name, longestSilenceMs: Math.round(this.#longestSilenceMs), lost: this.#lost, failed: this.#failed };
  }

  /**
   * While this process stood still it could neither send nor read: that time is nobody's silence. A tick that is overdue says so, also when an
   * answer is read before it.
   */
  #forgiveOwnPause(nowMs: number): void {
    const lastTickAt = this.#lastTickAt ?? nowMs - this.#intervalMs;
    const pauseMs = nowMs - lastTickAt - this.#intervalMs;
    if (pauseMs < PAUSE_MIN_MS) return;
    this.#lastTickAt = lastTickAt + pauseMs;
    if (this.#lastAnswerAt !== undefined) this.#lastAnswerAt += pauseMs;
    for (const [number, sentAt] of this.#outstanding) this.#outstanding.set(number, sentAt + pauseMs);
  }

  #noteSilence(nowMs: number): void {
    if (this.#lastAnswerAt !== undefined) this.#longestSilenceMs = Math.max(this.#longestSilenceMs, nowMs - this.#lastAnswerAt);
  }
}
