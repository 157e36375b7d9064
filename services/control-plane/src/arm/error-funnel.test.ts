import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { armError } from "./arm-error.ts";
import { toArmError } from "./error-funnel.ts";

const withCode = (code: string, message = "secret detail"): Error => Object.assign(new Error(message), { code });
const fromNothing = (constraint: string): Error => Object.assign(withCode("23503"), { constraint });
const rows: readonly (readonly [name: string, error: unknown, status: number, code: string])[] = [
  ["a refusal of ours", armError(409, "OperationNotAllowed", "busy"), 409, "OperationNotAllowed"],
  ["a bad URL", withCode("FST_ERR_BAD_URL"), 400, "InvalidRequestUri"],
  ["a body too large", withCode("FST_ERR_CTP_BODY_TOO_LARGE"), 413, "RequestEntityTooLarge"],
  ["a media type", withCode("FST_ERR_CTP_INVALID_MEDIA_TYPE"), 415, "UnsupportedMediaType"],
  ["a refusal of Fastify's that we do not know", Object.assign(withCode("FST_ERR_NEW"), { statusCode: 422 }), 422, "InvalidRequest"],
  ["an authority that is away", withCode("FST_REPLY_FROM_SERVICE_UNAVAILABLE"), 503, "ServiceUnavailable"],
  ["a body whose sender went away", withCode("ECONNRESET", "aborted"), 400, "InvalidRequestContent"],
  ["a connection that broke", withCode("ECONNRESET", "read ECONNRESET"), 503, "ServiceUnavailable"],
  ["refused connection", withCode("ECONNREFUSED"), 503, "ServiceUnavailable"],
  ["a socket that is gone", withCode("ENOENT"), 503, "ServiceUnavailable"],
  ["Postgres shutting down", withCode("57P01"), 503, "ServiceUnavailable"],
  ["Postgres starting", withCode("57P03"), 503, "ServiceUnavailable"],
  ["too many connections", withCode("53300"), 503, "ServiceUnavailable"],
  ["a statement cut off", withCode("57014"), 503, "ServiceUnavailable"],
  ["a connection cut off", new Error("Connection terminated unexpectedly"), 503, "ServiceUnavailable"],
  ["a pool that waits in vain", new Error("timeout exceeded when trying to connect"), 503, "ServiceUnavailable"],
  ["a store that is not open yet", new AppError("store.unavailable", { say: "not yet" }), 503, "ServiceUnavailable"],
  ["a deadlock, once more", withCode("40P01"), 429, "Conflict"],
  ["two of one name, once more", withCode("23505"), 429, "Conflict"],
  ["a broken constraint", withCode("23514"), 500, "InternalServerError"],
  ["a cluster's group that is gone", fromNothing("managed_cluster_subscription_id_resource_group_key_fkey"), 404, "ResourceGroupNotFound"],
  ["a deployment's group that is gone", fromNothing("deployment_subscription_id_resource_group_key_fkey"), 404, "ResourceGroupNotFound"],
  ["anything else that is gone", fromNothing("provisioning_cluster_id_fkey"), 500, "InternalServerError"],
  ["a bug", new TypeError("x is not a function"), 500, "InternalServerError"],
  ["something that is no error", "text", 500, "InternalServerError"],
];
for (const [name, error, status, code] of rows)
  test(`${name}: ${status} ${code}`, () => {
    const arm = toArmError(error, "Lab");
    assert.deepEqual([arm.status, arm.fault.code], [status, code]);
    assert.equal(arm.retryAfterSeconds !== undefined, status === 503 || status === 429);
    if (status >= 500) assert.doesNotMatch(arm.fault.message, /secret|function|constraint/);
  });
