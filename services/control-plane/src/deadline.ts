import { unavailable } from "./arm/error-funnel.ts";

/**
 * Waits for work at most `limitMs`, then answers 503. The work itself goes on: whether it takes effect is unknown, and the error says so.
 * @throws ArmError 503 `ServiceUnavailable`.
 */
export async function withDeadline<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(unavailable(new Error(`No answer within ${limitMs} ms`))), limitMs);
  });
  // The loser of the race may fail later; that it does is not news.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
