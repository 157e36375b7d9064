import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { failureOutcome } from "./failure-outcome.ts";

test("what can never come to anything is final, what may is tried again; both say what happened and what to do", () => {
  assert.deepEqual(failureOutcome(new AppError("room.nodes", { say: "It is full", do: "Delete a cluster" })), {
    kind: "Failed",
    code: "QuotaExceeded",
    isFinal: true,
    message: "It is full. Delete a cluster.",
  });
  const cause = new AppError("lab.api-unreachable", { say: "GET /readyz got no answer" });
  assert.deepEqual(failureOutcome(new AppError("lab.timed-out", { say: "Waited 60 s in vain", do: "Read the log", cause })), {
    kind: "Failed",
    code: "LabTimedOut",
    isFinal: false,
    message: "Waited 60 s in vain: GET /readyz got no answer. Read the log.",
  });
});

test("what nobody foresaw is told as it is, and tried again", () => {
  assert.deepEqual(failureOutcome(new Error("out of luck")), {
    kind: "Failed",
    code: "LabFailed",
    isFinal: false,
    message: "out of luck.",
  });
});
