import assert from "node:assert/strict";
import { it } from "node:test";
import { contentTypeOf, statusWrite, type ApiWrite } from "./cluster-api.ts";

it("a status is replaced whole: what it no longer says is gone from the object", () => {
  const write = statusWrite("/node/status", { guard: { mode: "Enforce" } });
  assert.equal(contentTypeOf(write), "application/json-patch+json");
  assert.deepEqual(write.body, [{ op: "add", path: "/status", value: { guard: { mode: "Enforce" } } }]);
});

const WRITES: [is: string, write: ApiWrite][] = [
  ["application/json", { method: "POST", path: "/events", body: {} }],
  ["application/merge-patch+json", { method: "PATCH", path: "/events/e", body: { note: null } }],
  ["application/json-patch+json", { method: "PATCH", path: "/node/status", body: [] }],
];
for (const [is, write] of WRITES)
  it(`${write.method} with ${JSON.stringify(write.body)} is ${is}`, () => assert.equal(contentTypeOf(write), is));
