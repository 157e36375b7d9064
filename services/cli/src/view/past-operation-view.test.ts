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
    "2026-04-01T10:00:00.000Z  EnableHostRouting (BpfVeth) Rolling 40 %",
    "  op2",
    "  by oid-1",
    "2026-04-01T10:00:00.000Z  EnableHostRouting (BpfVeth) Failed 40 %",
    "  op1, ended 2026-04-01T09:00:00.000Z",
    "  by itself",
    "  PreflightFailed: one check failed",
    "    PF-006 [pool user]: too old",
    "      seen: kernel 5.4\\u{1b}[2J",
  ]);
  assert.deepEqual(await shown("table", []), ["Nothing has been asked of this cluster."]);
});

test("as JSON they are what the API said", async () => {
  assert.deepEqual(JSON.parse((await shown("json", history)).join("\n")), history);
});

test("no line is wider than 80 columns, whatever ids and errors are", async () => {
  const id = "01234567-89ab-cdef-0123-456789abcdef";
  const message = "1 of 3 nodes failed, and at most 0 may. Nodes that could not be switched are on the stack; others stay enabled.";
  const ended = {
    phase: "RollingBack",
    percentComplete: 100,
    endTime: "2026-04-01T09:00:00.000Z",
    requestedBy: id,
  };
  const lines = await shown("table", [
    one(id, {
      kind: "DeleteManagedCluster",
      ...ended,
      error: { code: "NodeSwitchFailed", message },
    }),
  ]);
  assert.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  );
});
