import type { Instant } from "./brand.ts";

/**
 * Why a rollout tells of a node. `DrainBlocked`: pods that must leave do not. `VerificationFailed`: it was switched, and what was seen does not prove it.
 * `ConnectionDisruptionExpected`: it is asked to switch now.
 */
export type NodeNewsReason = "DrainBlocked" | "VerificationFailed" | "ConnectionDisruptionExpected";

/**
 * Something to tell of a node: it happened `count` times from `firstAt` to `lastAt`. One `reason`, `key` and `firstAt` are one thing, by whichever worker
 * it is told. `note`: of the first time.
 */
export type NodeNews = {
  readonly reason: NodeNewsReason;
  readonly key: string;
  readonly note: string;
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
};
