import { AppError, explain } from "@hostrouting/domain";
import { isLostRace } from "../enablement/retry-lost-races.ts";
import { ArmError, armError } from "./arm-error.ts";
import { groupNotFound } from "./subscription-scope.ts";

/** How long a client waits before it asks a database that is away again. */
const UNAVAILABLE_RETRY_SECONDS = 2;

/** Who lost a race need not wait for anything but its winner. */
const CONFLICT_RETRY_SECONDS = 1;

/** What Fastify refuses by itself, in ARM's words (status, code, message). */
const FRAMEWORK: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  FST_ERR_BAD_URL: [400, "InvalidRequestUri", "The request URI is not valid: it has a malformed escape sequence."],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, "RequestEntityTooLarge", "The body is larger than the limit of 4 MiB."],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, "UnsupportedMediaType", "The body must be of Content-Type application/json."],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, "InvalidRequestContent", "The body's size is not the one in Content-Length."],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, "InvalidRequestContent", "The body is empty."],
  FST_ERR_NOT_FOUND: [404, "NotFound", "Nothing answers to this address."],
  FST_ERR_MAX_PARAM_LENGTH: [400, "InvalidRequestUri", "A part of the address is too long."],
};

/** What the forwarding of token requests says when the authority is away or late. */
const AUTHORITY_AWAY = /^FST_REPLY_FROM_|^UND_ERR_/;

/** Postgres' classes for "not now": connection, resources, shutdown or start; a statement cut off at its limit; a lock not had in time; a standby. */
const DATABASE_AWAY = /^(08...|53...|57...|55P03|25006)$/;
const SOCKET_AWAY = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "EAI_AGAIN", "ENOTFOUND"]);
/** The driver has no codes for these. */
const DRIVER_AWAY = /Connection terminated|timeout exceeded when trying to connect|Client was closed|not queryable/;

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Whether an error says that the database (or the way to it) is away, so that the same request may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  const code = codeOf(error);
  if (DATABASE_AWAY.test(code) || SOCKET_AWAY.has(code)) return true;
  return error instanceof Error && DRIVER_AWAY.test(error.message);
}

/**
 * What writes into a group is refused by the database when the group went after the pipeline had found it: the keys of its clusters and deployments
 * point to it.
 */
const GROUP_GONE = /^(managed_cluster|deployment)_subscription_id_resource_group_key_fkey$/;
const FOREIGN_KEY_VIOLATION = "23503";

/** Whether an error says that the resource group written into is gone. */
function isGroupGone(error: unknown): boolean {
  if (codeOf(error) !== FOREIGN_KEY_VIOLATION) return false;
  const { constraint } = error as { readonly constraint?: unknown };
  return typeof constraint === "string" && GROUP_GONE.test(constraint);
}

/** Whether the sender went away in the middle of its body: Node's code for that is the one of every broken connection, also the database's. */
function isCutOff(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === "ECONNRESET" && error.message === "aborted";
}

/** A reply for "come back later"; what was asked for may or may not have been done, and may be repeated. */
export function unavailable(cause: unknown): ArmError {
  const message = "The service cannot reach its database. It is not known whether the request took effect; repeat it, repeating is safe.";
  return new ArmError(503, { code: "ServiceUnavailable", message }, { retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS, cause });
}

/** A race that was lost again and again; what was asked for has not been done. */
function conflict(cause: unknown): ArmError {
  const message =
    "Others changed the same resource at the same moment, each time that it was tried. Nothing was changed; repeat the request.";
  return new ArmError(429, { code: "Conflict", message }, { retryAfterSeconds: CONFLICT_RETRY_SECONDS, cause });
}

/**
 * Turns whatever was thrown into an ARM error. What is nobody's fault but ours becomes 500 with a fixed text: the cause goes to the log only.
 * @param resourceGroup of the request's address; empty where there is none.
 */
export function toArmError(error: unknown, resourceGroup: string): ArmError {
  if (error instanceof ArmError) return error;
  if (isGroupGone(error)) return groupNotFound(resourceGroup);
  if (isLostRace(error)) return conflict(error);
  const framework = FRAMEWORK[codeOf(error)];
  if (framework !== undefined) return armError(...framework);
  if (isCutOff(error)) return armError(400, "InvalidRequestContent", "The request ended before its body was complete.");
  if (AUTHORITY_AWAY.test(codeOf(error))) {
    const fault = { code: "ServiceUnavailable", message: "The authority that issues tokens does not answer. Repeat the request later." };
    return new ArmError(503, fault, { retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS, cause: error });
  }
  if (isDatabaseAway(error) || (error instanceof AppError && error.code.startsWith("store."))) return unavailable(error);
  const status = typeof error === "object" && error !== null && "statusCode" in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return armError(status, "InvalidRequest", explain(error));
  return new ArmError(
    500,
    {
      code: "InternalServerError",
      message: "The service has met a fault of its own. Repeat the request; x-ms-request-id leads to the log entry.",
    },
    { cause: error },
  );
}
