import assert from "node:assert/strict";
import { test } from "node:test";
import { ArmRefusal } from "@hostrouting/azure";
import { AppError } from "@hostrouting/domain";
import { exitCodeOf } from "./exit-code.ts";

const refusal = (httpStatus: number, code: string): ArmRefusal =>
  new ArmRefusal({ httpStatus, error: { code, message: "m" } }, "", undefined);

const CASES: readonly (readonly [string, unknown, number])[] = [
  ["a request that the cluster's settings forbid", refusal(400, "BadRequest"), 2],
  ["another operation is under way", refusal(409, "OperationNotAllowed"), 2],
  ["preflight blocked the operation", refusal(200, "PreflightBlocked"), 2],
  ["the operation failed", refusal(200, "NodeSwitchFailed"), 5],
  ["the cluster is not there", refusal(404, "ResourceNotFound"), 5],
  ["forbidden", refusal(403, "AuthorizationFailed"), 6],
  ["a credential that is not accepted", new AppError("azure.not-authenticated", { say: "s" }), 6],
  ["nobody answers", new AppError("azure.unreachable", { say: "s" }), 5],
  ["no ready file", new AppError("cli.no-connection", { say: "s" }), 1],
  ["a fault of ours", new TypeError("x"), 5],
];

for (const [name, error, code] of CASES)
  test(`${name}: ${code}`, () => {
    assert.equal(exitCodeOf(error), code);
  });
