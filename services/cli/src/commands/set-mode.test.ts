import assert from "node:assert/strict";
import { test } from "node:test";
import { setModeCommand, type CommandParts } from "./set-mode.ts";

async function said(mode: "BpfVeth" | "None", started: boolean, properties: object): Promise<string | undefined> {
  const lines: string[] = [];
  const parts = {
    cluster: {
      setMode: async () => ({ started, finished: async () => undefined }),
    },
    read: async () => ({ hostRouting: { properties }, nodes: [] }),
    lines: () => [],
    screen: { show: () => undefined, done: () => undefined },
    say: (line: string) => void lines.push(line),
  } as unknown as CommandParts;
  assert.equal(await setModeCommand(parts, mode, { wait: true }), 0);
  return lines.at(-1);
}

const part = {
  state: "PartiallyEnabled",
  nodeCounts: { enabled: 1, eligible: 2 },
};
const goOn = `"hostrouting status" says why, and "hostrouting upgrade" goes on with the others.`;

test("what came of it is what the cluster shows, not what was asked for", async () => {
  assert.equal(await said("BpfVeth", true, { state: "Enabled", nodeCounts: {} }), "Host routing is on.");
  assert.equal(await said("None", true, { state: "Disabled", nodeCounts: {} }), "Host routing is off.");
  assert.equal(await said("BpfVeth", true, part), `Host routing is on for 1 of 2 nodes (PartiallyEnabled). ${goOn}`);
  assert.equal(
    await said("BpfVeth", false, part),
    `The mode is BpfVeth already, so nothing was begun. Host routing is on for 1 of 2 nodes (PartiallyEnabled). ${goOn}`,
  );
});
