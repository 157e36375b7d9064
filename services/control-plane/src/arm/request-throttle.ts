/**
 * How many requests a principal may send: Azure Resource Manager's model of token buckets, one for reads, writes and deletes each, per principal and
 * subscription, and a larger one over all principals of a tenant in a subscription. Kept by each process for itself, as ARM's instances do.
 */
import { bucketTable } from "./bucket-table.ts";
import { hasToken, refilled, secondsUntilToken, taken, type BucketLimit } from "./token-bucket.ts";

/** What a bucket counts; everything that is neither read nor delete is a write. */
export type ThrottleKind = "reads" | "writes" | "deletes";
/** Of one principal; the limits over all principals are `GLOBAL_FACTOR` times as much. */
export type ThrottleLimits = Readonly<Record<ThrottleKind, BucketLimit>>;

/** Whose request it is. Without a subscription: one that speaks of the tenant. */
export type ThrottleQuestion = {
  readonly tenantId: string;
  readonly objectId: string;
  readonly subscriptionId: string | undefined;
  readonly kind: ThrottleKind;
};

/** Whether a request may go on, and what is left after it, in whole requests. */
export type ThrottleAnswer = {
  readonly isAllowed: boolean;
  readonly remaining: number;
  readonly globalRemaining: number;
  /** At least 1; meaningful when refused. */
  readonly retryAfterSeconds: number;
};

/** Asks for one request at a time (ms since 1970). */
export type RequestThrottle = (asked: ThrottleQuestion, nowMs: number) => ThrottleAnswer;

/** ARM's public numbers (Microsoft Learn, "Understand how Azure Resource Manager throttles requests"). */
export const ARM_LIMITS: ThrottleLimits = {
  reads: { size: 250, refillPerSecond: 25 },
  writes: { size: 200, refillPerSecond: 10 },
  deletes: { size: 200, refillPerSecond: 10 },
};
/** ARM: the limits over all principals are 15 times those of one. */
const GLOBAL_FACTOR = 15;
/** 20,000 × about 300 B = 6 MB, whoever sends what. */
const BUCKETS_MAX = 20_000;
/** What a method counts as. */
export function throttleKindOf(method: string): ThrottleKind {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return "reads";
  return method === "DELETE" ? "deletes" : "writes";
}

/**
 * Makes the buckets.
 * @param bucketsMax never more than this many are kept.
 */
export function requestThrottle(limits: ThrottleLimits, bucketsMax = BUCKETS_MAX): RequestThrottle {
  const table = bucketTable(bucketsMax);
  return ({ tenantId, objectId, subscriptionId, kind }, nowMs) => {
    const own = limits[kind];
    const all = { size: own.size * GLOBAL_FACTOR, refillPerSecond: own.refillPerSecond * GLOBAL_FACTOR };
    // The tenant is part of every key: a stranger who names this subscription uses up nothing of its own people's.
    const scope = `${tenantId}|${subscriptionId?.toLowerCase() ?? ""}|${kind}`;
    const [ownKey, allKey] = [`${scope}|${objectId}`, scope];
    const before = [refilled(table.get(ownKey), own, nowMs), refilled(table.get(allKey), all, nowMs)] as const;
    const isAllowed = before.every(hasToken);
    const [mine, everybodys] = isAllowed ? [taken(before[0]), taken(before[1])] : before;
    table.put(ownKey, { bucket: mine, limit: own }, nowMs);
    table.put(allKey, { bucket: everybodys, limit: all }, nowMs);
    return {
      isAllowed,
      remaining: Math.floor(mine.tokens),
      globalRemaining: Math.floor(everybodys.tokens),
      retryAfterSeconds: Math.max(secondsUntilToken(mine, own), secondsUntilToken(everybodys, all)),
    };
  };
}
