/**
 * Buckets by key, never more than a given number of them. Two generations: a key that is used moves into the young one; when that is full, the old one
 * is let go, and of it only those are carried over that are still being refilled, for to forget a full bucket forgives nobody anything.
 * One map in order of use was rejected: finding its oldest key costs the more the more were taken out before it.
 */
import { refilled, type Bucket, type BucketLimit } from "./token-bucket.ts";

/** A bucket with what it is refilled by. */
export type KeptBucket = { readonly bucket: Bucket; readonly limit: BucketLimit };

/** The table. */
export type BucketTable = {
  get(key: string): Bucket | undefined;
  put(key: string, kept: KeptBucket, nowMs: number): void;
  /** Buckets kept now. */
  size(): number;
};

/** Makes an empty table. @param bucketsMax at least 4. */
export function bucketTable(bucketsMax: number): BucketTable {
  const youngMax = Math.floor(bucketsMax / 2);
  // So that a flood of buckets that are all being refilled leaves room for new ones.
  const carriedMax = Math.floor(youngMax / 2);
  let young = new Map<string, KeptBucket>();
  let old = new Map<string, KeptBucket>();
  const age = (nowMs: number): void => {
    const refilling = [...old].filter(([key, { bucket, limit }]) => !young.has(key) && refilled(bucket, limit, nowMs).tokens < limit.size);
    old = young;
    young = new Map(refilling.slice(0, carriedMax));
  };
  return {
    get: (key) => (young.get(key) ?? old.get(key))?.bucket,
    put(key, kept, nowMs) {
      if (!young.has(key) && young.size >= youngMax) age(nowMs);
      old.delete(key);
      young.set(key, kept);
    },
    size: () => young.size + old.size,
  };
}
