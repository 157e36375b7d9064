import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { ArmRefusal, asAppError } from "./arm-problem.ts";

const sdkError = (members: object, message = "m"): Error => Object.assign(new Error(message), members);

test("an ARM error body keeps its code and details", () => {
  const details = { error: { code: "BadRequest", message: "No.", details: [{ code: "AccelerationRequiresCilium", message: "x" }] } };
  const refusal = asAppError(sdkError({ statusCode: 400, code: "BadRequest", details }), "https://arm");
  assert.ok(refusal instanceof ArmRefusal);
  assert.equal(refusal.message, "(BadRequest) No.");
  assert.deepEqual(refusal.problem.error.details, [{ code: "AccelerationRequiresCilium", message: "x" }]);
});

test("an answer without a body keeps its status", () => {
  const refusal = asAppError(sdkError({ statusCode: 503 }, "Service Unavailable\n{ request … }"), "https://arm");
  assert.ok(refusal instanceof ArmRefusal);
  assert.deepEqual(refusal.problem, { httpStatus: 503, error: { code: "Http503", message: "Service Unavailable" } });
});

for (const [members, code] of [
  [{ statusCode: 401, code: "InvalidAuthenticationToken" }, "azure.not-authenticated"],
  [{ name: "AuthenticationRequiredError" }, "azure.not-authenticated"],
  [{ code: "ECONNREFUSED" }, "azure.unreachable"],
  [{ code: "REQUEST_SEND_ERROR" }, "azure.unreachable"],
  [{ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }, "azure.unreachable"],
] as const)
  test(`${JSON.stringify(members)} is ${code}, with a remedy`, () => {
    const error = asAppError(sdkError(members), "https://arm");
    assert.ok(error instanceof AppError);
    assert.equal(error.code, code);
    assert.notEqual(error.remedy, "");
  });

test("an authority that cannot be reached is not a wrong credential", () => {
  const hidden = sdkError({ name: "AuthenticationError" }, "endpoints_resolution_error: See https://aka.ms/msal.js.errors");
  assert.equal((asAppError(hidden, "https://arm") as AppError).code, "azure.unreachable");
});

test("what is not ARM's stays as it is", () => {
  const fault = new TypeError("x");
  assert.equal(asAppError(fault, "https://arm"), fault);
});
