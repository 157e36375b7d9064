/** How many requests at once, and how many more each second (whole numbers from 1). */
export type BucketLimit = { readonly size: number; readonly refillPerSecond: number };

/** What was left of a bucket at a time; `tokens` is a fraction between refills. */
export type Bucket = { readonly tokens: number; readonly atMs: number };

/** A bucket as it is now. One that was never used is full; a clock that went back refills nothing. */
export function refilled(bucket: Bucket | undefined, limit: BucketLimit, nowMs: number): Bucket {
  if (bucket === undefined) return { tokens: limit.size, atMs: nowMs };
  const gained = (Math.max(0, nowMs - bucket.atMs) / 1_000) * limit.refillPerSecond;
  return { tokens: Math.min(limit.size, bucket.tokens + gained), atMs: nowMs };
}

/** Whether a request fits now. */
export function hasToken(bucket: Bucket): boolean {
  return bucket.tokens >= 1;
}

/** The bucket after one request. */
export function taken(bucket: Bucket): Bucket {
  return { ...bucket, tokens: bucket.tokens - 1 };
}

/** Whole seconds until a request fits, at least 1: clients take 0 for "not said". */
export function secondsUntilToken(bucket: Bucket, limit: BucketLimit): number {
  return Math.max(1, Math.ceil((1 - bucket.tokens) / limit.refillPerSecond));
}
