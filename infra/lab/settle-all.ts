/**
 * Like Promise.all, but it returns, or throws the first failure, only when all have ended: whoever cleans up after a failure must not
 * meet work that is still going on.
 */
export async function settleAll<const T extends readonly unknown[]>(work: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  // Same order and length, and none is rejected any more.
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as { -readonly [K in keyof T]: Awaited<T[K]> };
}
