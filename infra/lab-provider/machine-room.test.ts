import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryAvailable, requireRoom, type MachineRoom } from "./machine-room.ts";

const GIB = 1024 ** 3;
const room: MachineRoom = { memoryAvailable: 8 * GIB, clusters: 1, nodes: 4, clustersMax: 2, nodesMax: 8 };

const cases: readonly { say: string; room: Partial<MachineRoom>; more: { clusters: number; nodes: number }; code: string | undefined }[] = [
  { say: "there is room", room: {}, more: { clusters: 1, nodes: 4 }, code: undefined },
  { say: "as many clusters as there may be", room: { clusters: 2 }, more: { clusters: 1, nodes: 1 }, code: "room.clusters" },
  { say: "as many clusters, and only a node more", room: { clusters: 2 }, more: { clusters: 0, nodes: 1 }, code: undefined },
  { say: "one node too many", room: {}, more: { clusters: 0, nodes: 5 }, code: "room.nodes" },
  {
    say: "memory for the node and none for the rest",
    room: { memoryAvailable: 1.2 * GIB },
    more: { clusters: 0, nodes: 1 },
    code: "room.memory",
  },
  { say: "just enough memory for a node", room: { memoryAvailable: 1.5 * GIB }, more: { clusters: 0, nodes: 1 }, code: undefined },
  {
    say: "a cluster needs more than its nodes",
    room: { memoryAvailable: 1.5 * GIB },
    more: { clusters: 1, nodes: 1 },
    code: "room.memory",
  },
];

for (const { say, room: other, more, code } of cases)
  test(`${code ?? "taken"}: ${say}`, () => {
    const ask = (): void => requireRoom({ ...room, ...other }, more);
    if (code === undefined) ask();
    else assert.throws(ask, { code, remedy: /\w/ });
  });

test("available memory is read in bytes", () => {
  assert.equal(memoryAvailable("MemTotal:       24000000 kB\nMemFree:          100 kB\nMemAvailable:       2048 kB\n"), 2 * 1024 ** 2);
  assert.equal(memoryAvailable("MemTotal: 1 kB\n"), undefined);
});
