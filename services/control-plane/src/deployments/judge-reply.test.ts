import assert from "node:assert/strict";
import { test } from "node:test";
import type { InternalReply } from "../arm/internal-call.ts";
import { judgeFollow, judgeWrite } from "./judge-reply.ts";

const URL_OF_IT = "/subscriptions/s/x?api-version=v";
const reply = (status: number, body?: unknown, headers: InternalReply["headers"] = {}): InternalReply => ({ status, body, headers });
const inState = (provisioningState: string) => ({ properties: { provisioningState } });
const fault = { code: "C", message: "m" };

const writes: readonly (readonly [says: string, reply: InternalReply, expected: unknown])[] = [
  ["no state: done", reply(200, {}), { kind: "Succeeded", status: 200 }],
  ["Succeeded: done", reply(201, inState("Succeeded")), { kind: "Succeeded", status: 201 }],
  ["gone: done", reply(204), { kind: "Succeeded", status: 204 }],
  [
    "a status to follow, on this surface",
    reply(201, inState("Creating"), { "azure-asyncoperation": "https://h:8443/a/b?c=d&e=f", "retry-after": "7" }),
    { kind: "Running", status: 201, followUrl: "/a/b?c=d&e=f", retryAfterMs: 7_000 },
  ],
  [
    "a result to follow",
    reply(202, undefined, { location: "https://h/r" }),
    { kind: "Running", status: 202, followUrl: "/r", retryAfterMs: 2_000 },
  ],
  [
    "under way with nothing to follow: itself",
    reply(200, inState("Updating")),
    { kind: "Running", status: 200, followUrl: URL_OF_IT, retryAfterMs: 2_000 },
  ],
  ["refused", reply(400, { error: { ...fault, target: "t" } }), { kind: "Failed", status: 400, error: { ...fault, target: "t" } }],
  ["busy", reply(409, { error: fault }), { kind: "Failed", status: 409, error: fault }],
  [
    "sent away",
    reply(429, { error: fault }, { "retry-after": "0" }),
    { kind: "Unanswered", status: 429, error: fault, retryAfterMs: 1_000 },
  ],
  [
    "nobody there",
    reply(503, { error: fault }, { "retry-after": "9999" }),
    { kind: "Unanswered", status: 503, error: fault, retryAfterMs: 60_000 },
  ],
];
for (const [says, given, expected] of writes) test(`a write: ${says}`, () => assert.deepEqual(judgeWrite(given, URL_OF_IT), expected));

const follows: readonly (readonly [says: string, reply: InternalReply, kind: string])[] = [
  ["in progress", reply(200, { status: "InProgress" }), "Running"],
  ["a nested deployment that runs", reply(200, { status: "Running" }), "Running"],
  ["succeeded", reply(200, { status: "Succeeded" }), "Succeeded"],
  ["a result that is not there yet", reply(202), "Running"],
  ["a result", reply(204), "Succeeded"],
  ["the resource, still busy", reply(200, inState("Deleting")), "Running"],
  ["the resource, done", reply(200, inState("Succeeded")), "Succeeded"],
  ["the resource, failed", reply(200, inState("Canceled")), "Failed"],
  ["forgotten", reply(404, { error: fault }), "Failed"],
  ["a 500 without a body", reply(500), "Unanswered"],
];
for (const [says, given, kind] of follows) test(`following: ${says}`, () => assert.equal(judgeFollow(given, "/f").kind, kind));

test("what an operation failed of stands in the details of the resource's failure", () => {
  const details = [{ code: "D", message: "d" }];
  assert.deepEqual(judgeFollow(reply(200, { status: "Failed", error: { ...fault, details } }), "/f"), {
    kind: "Failed",
    status: 409,
    error: {
      code: "ResourceDeploymentFailure",
      message: "The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'.",
      details: [{ ...fault, details }],
    },
  });
});
