import type { PipelineResponse } from "@azure/core-rest-pipeline";

/**
 * What Azure answered. `Changed`: somebody changed the cluster meanwhile (412). `Busy`: it does something else with it (409). `Throttled`: too many requests
 * (429), with Azure's own wait. `Refused`: it will not, and another try cannot help. `Unknown`: nobody can tell whether it happened.
 */
export type AksAnswer<T> =
  | { readonly kind: "Said"; readonly value: T }
  | { readonly kind: "Changed" | "Busy" | "Unknown"; readonly message: string }
  | { readonly kind: "Throttled"; readonly message: string; readonly retryInMs: number }
  | { readonly kind: "Refused"; readonly httpStatus: number; readonly code: string; readonly message: string };

/** Where Azure says no time, its buckets have one more after a minute. */
const RETRY_MS = 60_000;
/** Longer is not believed: nobody would see an operation stand still for a day. */
const RETRY_MAX_MS = 60 * 60_000;

function retryAfterMs(value: string | undefined): number {
  const seconds = Number(value ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(RETRY_MAX_MS, Math.max(1_000, seconds * 1_000)) : RETRY_MS;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sorts a reply out by its status. Pure but for `read`, which is given what came with 2xx. */
export function readReply<T>(reply: PipelineResponse, read: (body: unknown, reply: PipelineResponse) => T): AksAnswer<T> {
  const { status, headers } = reply;
  const body = parsed(reply.bodyAsText ?? "");
  if (status >= 200 && status < 300)
    return body === undefined && status !== 202 && status !== 204
      ? { kind: "Unknown", message: `The answer of ${status} is no JSON.` }
      : { kind: "Said", value: read(body, reply) };
  const { code = `Http${status}`, message = "" } = (body as { error?: { code?: string; message?: string } } | undefined)?.error ?? {};
  const said = `(${code}) ${message}`.trim();
  if (status === 412) return { kind: "Changed", message: said };
  if (status === 409) return { kind: "Busy", message: said };
  if (status === 429) return { kind: "Throttled", message: said, retryInMs: retryAfterMs(headers.get("retry-after")) };
  if (status >= 500 || status === 408 || status === 401) return { kind: "Unknown", message: said };
  return { kind: "Refused", httpStatus: status, code, message };
}
