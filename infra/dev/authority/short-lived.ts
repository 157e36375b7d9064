/** What is remembered for a while and in a bounded number: codes that were given out, assertions that were seen. */
export type ShortLived<T> = {
  /** Remembers a value until a time (milliseconds since 1970). False: there is no room until something has expired. */
  put(key: string, value: T, until: { readonly nowMs: number; readonly endsAtMs: number }): boolean;
  /** The value, unless it has expired. */
  get(key: string, nowMs: number): T | undefined;
  /** Forgets it. */
  drop(key: string): void;
  /** How many are remembered, expired ones that nobody swept yet among them. */
  readonly size: number;
};

/** A memory for at most `max` values. A full one refuses: what is dropped to make room could be a code that somebody is typing. */
export function shortLived<T>(max: number): ShortLived<T> {
  const entries = new Map<string, { readonly value: T; readonly endsAtMs: number }>();
  const sweep = (nowMs: number): void => {
    for (const [key, { endsAtMs }] of entries) if (endsAtMs <= nowMs) entries.delete(key);
  };
  return {
    put(key, value, { nowMs, endsAtMs }) {
      if (!entries.has(key) && entries.size >= max) sweep(nowMs);
      if (!entries.has(key) && entries.size >= max) return false;
      entries.set(key, { value, endsAtMs });
      return true;
    },
    get(key, nowMs) {
      const entry = entries.get(key);
      if (entry === undefined || entry.endsAtMs > nowMs) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    drop: (key) => void entries.delete(key),
    get size() {
      return entries.size;
    },
  };
}
