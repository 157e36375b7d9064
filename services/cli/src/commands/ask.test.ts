import assert from "node:assert/strict";
import { test } from "node:test";
import { askCommand } from "./ask.ts";

test("a verb is sent with its body, and what to look at is said", async () => {
  const sent: unknown[] = [];
  const lines: string[] = [];
  const cluster = { ask: async (...given: unknown[]) => void sent.push(given) };
  const code = await askCommand({ cluster: cluster as never, say: (line) => lines.push(line) }, "skip", {
    node: "n1",
    reason: "broken disk",
  });
  assert.deepEqual(sent, [["skip", { node: "n1", reason: "broken disk" }]]);
  assert.deepEqual([code, lines], [0, ['Asked to skip. "hostrouting status --watch" shows how it goes.']]);
});
