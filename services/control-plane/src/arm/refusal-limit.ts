import type { AuditEntry } from "@hostrouting/store";

/** Refusals of one caller in one subscription that are written in a minute; 60 = one a second for as long as it lasts. */
const PER_MINUTE_MAX = 60;
const MINUTE_MS = 60_000;
/** Callers that are remembered; of the one that was not heard of for longest it is forgotten how many were left out. */
const CALLERS_MAX = 10_000;

/** How many refusals were left out before this one; undefined: leave this one out as well. */
export type RefusalLimit = (entry: Pick<AuditEntry, "subscriptionId" | "principal">, nowMs: number) => number | undefined;

/** Keeps callers who are refused over and over, with or without a token, from filling a chain: what is left out is counted in the next entry. */
export function refusalLimit(): RefusalLimit {
  const callers = new Map<string, { sinceMs: number; written: number; omitted: number }>();
  return ({ subscriptionId, principal }, nowMs) => {
    const key = `${subscriptionId.toLowerCase()}/${principal?.tenantId ?? ""}/${principal?.objectId ?? ""}`;
    const known = callers.get(key) ?? { sinceMs: nowMs, written: 0, omitted: 0 };
    callers.delete(key);
    callers.set(key, known);
    for (const oldest of callers.size > CALLERS_MAX ? callers.keys() : []) {
      callers.delete(oldest);
      break;
    }
    if (nowMs - known.sinceMs >= MINUTE_MS) Object.assign(known, { sinceMs: nowMs, written: 0 });
    if (known.written >= PER_MINUTE_MAX) {
      known.omitted++;
      return undefined;
    }
    known.written++;
    const { omitted } = known;
    known.omitted = 0;
    return omitted;
  };
}
