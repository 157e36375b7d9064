import { ArmError } from "./arm-error.ts";
import { throttleKindOf, type RequestThrottle, type ThrottleLimits } from "./request-throttle.ts";

/** A request, as far as its rate is concerned. */
export type RatedRequest = {
  readonly method: string;
  readonly tenantId: string;
  readonly objectId: string;
  readonly subscriptionId: string | undefined;
  readonly nowMs: number;
};

/** Headers that tell what is left, and the refusal of a request too many (429 `TooManyRequests`). */
export type Rated = { readonly headers: Readonly<Record<string, string>>; readonly refusal: ArmError | undefined };

/** Counts a request. */
export function judgeThrottle(throttle: RequestThrottle, limits: ThrottleLimits, request: RatedRequest): Rated {
  const kind = throttleKindOf(request.method);
  const answer = throttle({ ...request, kind }, request.nowMs);
  const scope = request.subscriptionId === undefined ? "tenant" : "subscription";
  const headers = {
    [`x-ms-ratelimit-remaining-${scope}-${kind}`]: String(answer.remaining),
    [`x-ms-ratelimit-remaining-${scope}-global-${kind}`]: String(answer.globalRemaining),
  };
  if (answer.isAllowed) return { headers, refusal: undefined };
  const { size, refillPerSecond } = limits[kind];
  const where = request.subscriptionId === undefined ? "the tenant" : `subscription '${request.subscriptionId}'`;
  const message =
    `Too many ${kind} in ${where}: at most ${size} at once and ${refillPerSecond} more each second. ` +
    `Repeat the request after ${answer.retryAfterSeconds} seconds.`;
  return { headers, refusal: new ArmError(429, { code: "TooManyRequests", message }, { retryAfterSeconds: answer.retryAfterSeconds }) };
}
