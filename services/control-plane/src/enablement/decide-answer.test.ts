import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant, type Operation, type OperationControl } from "@hostrouting/domain";
import { ArmError } from "../arm/arm-error.ts";
import { decideAnswer } from "./decide-answer.ts";

const since = as<Instant>(0);
const board = { gate: "board", kind: "Approval", since, twoPersons: false } as const;
const night = { ...board, kind: "ScheduledStart" } as const;
const strict = { ...board, twoPersons: true };
const approved = { gate: "board", by: "other", comment: "fine" };

function answer(control: OperationControl, verb: "approve" | "reject", by = "other"): unknown {
  const active = { objectId: "author", control } as Operation;
  const principal = { tenantId: "t", objectId: by, name: by, type: "User" } as const;
  const decided = decideAnswer(active, { verb, gate: "board", comment: "fine" }, principal);
  return decided instanceof ArmError ? `${decided.status} ${decided.fault.code}: ${decided.message}` : (decided ?? "nothing");
}

const NOT_NOW = "409 OperationNotAllowed: Gate 'board' waits for no answer. No gate holds the operation now.";
const cases: readonly (readonly [name: string, answered: unknown, expected: unknown])[] = [
  ["the gate that holds it", answer({ pending: board }, "approve"), { pending: board, approvals: [approved] }],
  [
    "by the author, where one person is enough",
    answer({ pending: board }, "approve", "author"),
    { pending: board, approvals: [{ ...approved, by: "author" }] },
  ],
  ["by another person", answer({ pending: strict }, "approve"), { pending: strict, approvals: [approved] }],
  [
    "by the author, where two persons are asked for",
    answer({ pending: strict }, "approve", "author"),
    "403 ApprovalByAuthor: Gate 'board' asks for two persons: whoever asked for the operation cannot approve it.",
  ],
  [
    "a rejection by the author",
    answer({ pending: strict }, "reject", "author"),
    { pending: strict, rejection: { ...approved, by: "author" } },
  ],
  ["approved before", answer({ pending: board, approvals: [approved] }, "approve"), "nothing"],
  ["rejected after it was approved", answer({ pending: board, approvals: [approved] }, "reject"), NOT_NOW],
  [
    "a start at a time",
    answer({ pending: night }, "approve"),
    "409 OperationNotAllowed: Gate 'board' opens at its time and not by an approval. It can be rejected.",
  ],
  ["a rejection of a start", answer({ pending: night }, "reject"), { pending: night, rejection: approved }],
  [
    "a webhook's gate",
    answer({ pending: { ...board, kind: "Webhook" } }, "approve"),
    "409 OperationNotAllowed: Gate 'board' is opened by its webhook and not by an approval. It can be rejected.",
  ],
  ["no gate", answer({}, "approve"), NOT_NOW],
  ["a maintenance window", answer({ pending: { ...board, kind: "MaintenanceWindow" } }, "approve"), NOT_NOW],
  ["the queue", answer({ pending: { ...board, kind: "AdmissionQueue" } }, "approve"), NOT_NOW],
  ["what is to be acknowledged", answer({ pending: { ...board, kind: "Acknowledgement" } }, "approve"), NOT_NOW],
  ["an upgrade of the cluster", answer({ pending: { ...board, kind: "ClusterUpgrade" } }, "approve"), NOT_NOW],
  ["a rejection of a maintenance window", answer({ pending: { ...board, kind: "MaintenanceWindow" } }, "reject"), NOT_NOW],
  [
    "another gate",
    answer({ pending: { ...board, gate: "batch/batch-2" } }, "approve"),
    "409 OperationNotAllowed: Gate 'board' waits for no answer. It is gate 'batch/batch-2' that holds the operation.",
  ],
];
for (const [name, answered, expected] of cases) test(`an answer: ${name}`, () => assert.deepEqual(answered, expected));
