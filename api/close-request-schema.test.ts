import assert from "node:assert/strict";
import { test } from "node:test";
import { closeRequestSchema, type Schema } from "./close-request-schema.ts";

const mode: Schema = { anyOf: [{ type: "string" }, { type: "string", enum: ["On", "Off"] }] };
const cases: readonly { name: string; schema: Schema; closed: Schema }[] = [
  { name: "an open union is closed", schema: mode, closed: { type: "string", enum: ["On", "Off"] } },
  {
    name: "a nullable open union behind a reference",
    schema: { anyOf: [{ $ref: "#/components/schemas/Mode" }, { type: "null" }] },
    closed: { type: ["string", "null"], enum: ["On", "Off", null] },
  },
  {
    name: "a nullable object",
    schema: { anyOf: [{ type: "object", properties: { on: { type: "boolean" } } }, { type: "null" }] },
    closed: { type: ["object", "null"], properties: { on: { type: "boolean" } } },
  },
  { name: "a read-only member keeps its mark only", schema: { type: "string", readOnly: true }, closed: { readOnly: true } },
  {
    name: "unevaluated members become additional ones, unless anything goes",
    schema: {
      type: "object",
      properties: { any: { type: "object", unevaluatedProperties: {} } },
      unevaluatedProperties: { type: "string" },
    },
    closed: { type: "object", properties: { any: { type: "object" } }, additionalProperties: { type: "string" } },
  },
];

for (const { name, schema, closed } of cases) test(name, () => assert.deepEqual(closeRequestSchema(schema, { Mode: mode }), closed));

test("a reference that leads nowhere is an error", () => {
  assert.throws(() => closeRequestSchema({ $ref: "#/components/schemas/Nowhere" }, {}), /Nowhere is not in the document/);
});
