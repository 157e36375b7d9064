import { randomUUID } from "node:crypto";
import type { ArmError } from "./arm-error.ts";

/** What ARM sends with every reply. */
const ALWAYS: Readonly<Record<string, string>> = {
  "cache-control": "no-cache",
  pragma: "no-cache",
  expires: "-1",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
};

const ID_LENGTH_MAX = 128;

/** One value of a header that a client sent as an id, if it is fit to be sent back. */
export function idHeader(value: string | string[] | undefined): string | undefined {
  const one = Array.isArray(value) ? value[0] : value;
  return one !== undefined && one.length <= ID_LENGTH_MAX && /^[\x21-\x7e]+$/.test(one) ? one : undefined;
}

/** The headers that tie a reply to its request. */
export function replyHeaders(ids: {
  requestId: string;
  correlationId: string;
  /** The client's id, only when it asked for it with `x-ms-return-client-request-id: true`. */
  clientRequestId: string | undefined;
  location: string;
  nowMs: number;
}): Readonly<Record<string, string>> {
  const stamp = new Date(ids.nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  return {
    ...ALWAYS,
    "x-ms-request-id": ids.requestId,
    "x-ms-correlation-request-id": ids.correlationId,
    "x-ms-routing-request-id": `${ids.location.toUpperCase()}:${stamp}:${randomUUID()}`,
    ...(ids.clientRequestId !== undefined && { "x-ms-client-request-id": ids.clientRequestId }),
  };
}

/**
 * Headers and body of a refusal.
 * @param isOfProvider whether the front half had let the request through. Who is not let in and what does not exist is refused by ARM itself.
 */
export function errorReply(
  error: ArmError,
  isOfProvider: boolean,
): { headers: Readonly<Record<string, string>>; body: { error: ArmError["fault"] } } {
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    "x-ms-error-code": error.fault.code,
    "x-ms-failure-cause": isOfProvider && error.status !== 404 && error.status !== 401 ? "service" : "gateway",
    ...error.headers,
  };
  if (error.retryAfterSeconds !== undefined) headers["retry-after"] = String(error.retryAfterSeconds);
  return { headers, body: { error: error.fault } };
}
