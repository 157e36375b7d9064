import assert from "node:assert/strict";
import { test } from "node:test";
import { ArmError } from "./arm-error.ts";
import { errorReply, idHeader, replyHeaders } from "./reply-headers.ts";

test("ids of clients are echoed only when they are fit for a header", () => {
  assert.equal(idHeader("abc-1"), "abc-1");
  assert.equal(idHeader(["first", "second"]), "first");
  for (const bad of [undefined, "", "a b", "a\r\nx: y", "é", "x".repeat(129)]) assert.equal(idHeader(bad), undefined);
});

test("a reply names request, correlation and routing; the client's id only when there is one", () => {
  const ids = { requestId: "r", correlationId: "c", location: "lab", nowMs: Date.UTC(2026, 3, 1, 2, 3, 4) };
  const headers = replyHeaders({ ...ids, clientRequestId: undefined });
  assert.deepEqual([headers["x-ms-request-id"], headers["x-ms-correlation-request-id"], headers["cache-control"]], ["r", "c", "no-cache"]);
  assert.match(headers["x-ms-routing-request-id"] ?? "", /^LAB:20260401T020304Z:[0-9a-f-]{36}$/);
  assert.ok(!("x-ms-client-request-id" in headers));
  assert.equal(replyHeaders({ ...ids, clientRequestId: "mine" })["x-ms-client-request-id"], "mine");
});

test("a refusal carries its code as a header, and Retry-After only when it has one", () => {
  const { headers, body } = errorReply(new ArmError(503, { code: "ServiceUnavailable", message: "later" }, { retryAfterSeconds: 2 }), true);
  assert.deepEqual([headers["x-ms-error-code"], headers["retry-after"]], ["ServiceUnavailable", "2"]);
  assert.deepEqual(body, { error: { code: "ServiceUnavailable", message: "later" } });
  assert.ok(!("retry-after" in errorReply(new ArmError(409, { code: "X", message: "y" }), true).headers));
});
