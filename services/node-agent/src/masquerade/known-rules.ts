import type { FallbackRules } from "./fallback-rules.ts";
import type { RulesByFamily } from "./saved-rules.ts";

/** Rules of both families as far as they are known. */
export type KnownRules = RulesByFamily;

/** So many questions without an answer are an answer: five minutes, at one a minute. */
const UNANSWERED_MAX = 5;

/** Keeps what was known through a few questions without an answer: a busy node must not switch its masquerading off and on. */
export class RuleMemory {
  #known: KnownRules | undefined;
  readonly #unanswered = { 4: 0, 6: 0 };

  /** Undefined before the first answer. */
  known(): KnownRules | undefined {
    return this.#known;
  }

  /** Takes an answer. */
  take(asked: RulesByFamily): void {
    this.#known = { 4: this.#choose(4, asked[4]), 6: this.#choose(6, asked[6]) };
  }

  #choose(family: 4 | 6, asked: FallbackRules): FallbackRules {
    this.#unanswered[family] = asked.state === "unknown" ? this.#unanswered[family] + 1 : 0;
    const before = this.#known?.[family];
    return before && this.#unanswered[family] > 0 && this.#unanswered[family] < UNANSWERED_MAX ? before : asked;
  }
}
