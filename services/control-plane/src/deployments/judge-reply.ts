/**
 * What a reply of the surface means for a resource that a deployment writes or deletes. Pure.
 *
 * accepted → running, with an address where its end is learnt → succeeded | failed. A reply that says nothing about the resource (429, 5xx) is
 * neither: the same request is made again.
 */
import type { DeploymentError } from "@hostrouting/domain";
import type { InternalReply } from "../arm/internal-call.ts";
import { asJsonObject } from "../enablement/json-object.ts";

/** What is known after a reply. `retryAfterMs`: how long to wait with the next request. */
export type Outcome =
  | { readonly kind: "Succeeded"; readonly status: number }
  | { readonly kind: "Running"; readonly status: number; readonly followUrl: string; readonly retryAfterMs: number }
  | { readonly kind: "Failed"; readonly status: number; readonly error: DeploymentError }
  | { readonly kind: "Unanswered"; readonly status: number; readonly error: DeploymentError; readonly retryAfterMs: number };

const RETRY_AFTER_DEFAULT_S = 2;
const RETRY_AFTER_MAX_S = 60;

function retryAfterMs(reply: InternalReply): number {
  const seconds = Number(reply.headers["retry-after"] ?? RETRY_AFTER_DEFAULT_S);
  return 1000 * (Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), RETRY_AFTER_MAX_S) : RETRY_AFTER_DEFAULT_S);
}

/** The part of an absolute URL that names something on this surface. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url, "https://surface.invalid");
  return `${pathname}${search}`;
}

function toError(value: unknown): DeploymentError | undefined {
  const { code, message, target, details } = asJsonObject(value);
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  const inner = Array.isArray(details) ? details.flatMap((one) => toError(one) ?? []) : [];
  return { code, message, ...(typeof target === "string" && { target }), ...(inner.length > 0 && { details: inner }) };
}

/** The error that a reply carries. */
function errorOf(reply: InternalReply): DeploymentError {
  const said = toError(asJsonObject(reply.body)["error"]);
  return said ?? { code: "ResourceDeploymentFailure", message: `The request was answered with HTTP status ${reply.status} and no reason.` };
}

/** What a resource came to that was accepted and then ended otherwise than by success. */
function ended(state: string, error: unknown): DeploymentError {
  const inner = toError(error);
  return {
    code: "ResourceDeploymentFailure",
    message: `The resource write operation failed to complete successfully, because it reached terminal provisioning state '${state}'.`,
    ...(inner && { details: [inner] }),
  };
}

function refusal(reply: InternalReply): Outcome | undefined {
  const { status } = reply;
  if (status < 400) return undefined;
  const error = errorOf(reply);
  if (status === 429 || status >= 500) return { kind: "Unanswered", status, error, retryAfterMs: retryAfterMs(reply) };
  return { kind: "Failed", status, error };
}

function provisioningState(reply: InternalReply): string | undefined {
  const state = asJsonObject(asJsonObject(reply.body)["properties"])["provisioningState"];
  return typeof state === "string" ? state : undefined;
}

/** A resource as it was just read or written, told by its own state. */
function byItsState(reply: InternalReply, followUrl: string): Outcome {
  const { status } = reply;
  const state = provisioningState(reply);
  if (state === undefined || state === "Succeeded") return { kind: "Succeeded", status };
  if (state === "Failed" || state === "Canceled") return { kind: "Failed", status, error: ended(state, undefined) };
  return { kind: "Running", status, followUrl, retryAfterMs: retryAfterMs(reply) };
}

/** The reply to a PUT or DELETE of the resource at `url`. */
export function judgeWrite(reply: InternalReply, url: string): Outcome {
  const refused = refusal(reply);
  if (refused !== undefined) return refused;
  const { status } = reply;
  const follow = reply.headers["azure-asyncoperation"] ?? reply.headers["location"];
  if (follow !== undefined) return { kind: "Running", status, followUrl: pathOf(follow), retryAfterMs: retryAfterMs(reply) };
  return status === 204 ? { kind: "Succeeded", status } : byItsState(reply, url);
}

/** The reply to a GET of the address where the end is learnt: a status document, a result, or the resource itself. */
export function judgeFollow(reply: InternalReply, followUrl: string): Outcome {
  const refused = refusal(reply);
  if (refused !== undefined) return refused;
  const { status, error } = asJsonObject(reply.body);
  if (reply.status === 202) return { kind: "Running", status: reply.status, followUrl, retryAfterMs: retryAfterMs(reply) };
  if (typeof status !== "string") return byItsState(reply, followUrl);
  if (status === "Succeeded") return { kind: "Succeeded", status: reply.status };
  if (status === "Failed" || status === "Canceled") return { kind: "Failed", status: 409, error: ended(status, error) };
  return { kind: "Running", status: reply.status, followUrl, retryAfterMs: retryAfterMs(reply) };
}
