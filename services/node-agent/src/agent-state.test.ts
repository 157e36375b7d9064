import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readAgentState, writeAgentState } from "./agent-state.ts";

describe("the state file", () => {
  const folder = mkdtempSync(join(tmpdir(), "agent-state-"));
  after(() => rmSync(folder, { recursive: true }));

  it("comes back as it was written", () => {
    const state = { fencingToken: 4, generation: 7, nodeUid: "u", revoked: { generation: 7, reason: "ConfirmMissed" } } as const;
    writeAgentState(join(folder, "deep/state.json"), state);
    assert.deepEqual(readAgentState(join(folder, "deep/state.json")), state);
  });

  for (const [name, content] of [
    ["cut off", '{"fencingToken": 4'],
    ["of other types", '{"fencingToken":"4","generation":7,"nodeUid":"u","revoked":null}'],
    ["no object", "null"],
    ["with an unknown revocation", '{"fencingToken":4,"generation":7,"nodeUid":"u","revoked":{"generation":7,"reason":"Mood"}}'],
  ] as const)
    it(`${name} reads as nothing accepted`, () => {
      writeFileSync(join(folder, "state.json"), content);
      assert.equal(readAgentState(join(folder, "state.json")).generation, 0);
    });

  it("missing reads as nothing accepted", () => assert.equal(readAgentState(join(folder, "none.json")).fencingToken, 0));
});
