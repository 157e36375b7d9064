import assert from "node:assert/strict";
import { test } from "node:test";
import { operationsCommand } from "../commands/operations.ts";

const one = (name: string, properties: object): object => ({
  ...{ id: `/x/${name}`, name, type: "t" },
  properties: { kind: "EnableHostRouting", mode: "BpfVeth", percentComplete: 40, startTime: "2026-04-01T10:00:00.000Z", ...properties },
});
const tooOld = {
  ...{ code: "PF-006", message: "too old", target: "pool user" },
  additionalInfo: [{ type: "PreflightFinding", info: { evidence: "kernel 5.4\u001b[2J" } }],
};
const history = [
  one("op2", { phase: "Rolling", requestedBy: "oid-1" }),
  one("op1", {
    ...{ phase: "Failed", endTime: "2026-04-01T09:00:00.000Z" },
    error: { code: "PreflightFailed", message: "one check failed", details: [tooOld] },
  }),
];

async function shown(output: "table" | "json", value: readonly object[]): Promise<readonly string[]> {
  const lines: string[] = [];
  assert.equal(await operationsCommand({ readHostRouting: async () => ({ value }) }, { output }, (line) => lines.push(line)), 0);
  return lines;
}

test("each operation says when, what, who, how it ended and why", async () => {
  assert.deepEqual(await shown("table", history), [
    "2026-04-01T10:00:00.000Z  EnableHostRouting (BpfVeth) Rolling 40 %, by oid-1  op2",
    "2026-04-01T10:00:00.000Z  EnableHostRouting (BpfVeth) Failed, ended 2026-04-01T09:00:00.000Z, by itself  op1",
    "  PreflightFailed: one check failed",
    "    PF-006 [pool user]: too old",
    "      seen: kernel 5.4\\u{1b}[2J",
  ]);
  assert.deepEqual(await shown("table", []), ["Nothing has been asked of this cluster."]);
});

test("as JSON they are what the API said", async () => {
  assert.deepEqual(JSON.parse((await shown("json", history)).join("\n")), history);
});
