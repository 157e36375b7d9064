import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import { FlowMatrix } from "../netns/matrix.ts";
import { SwitchedNodes } from "../netns/matrix-switch.ts";
import { exchangeAll, isBroken, startEcho, stopTraffic, type FlowPlan } from "../netns/traffic.ts";
import { OUTSIDE, PORT, SERVICES, TwoNodes } from "../netns/two-nodes.ts";

const CYCLES = 100;
/** A hundred of them take ten minutes. */
const CYCLE_MS = 6_000;
/** By then caches are warm, so that what grows from here on is a leak. */
const WARM_CYCLES = 20;
/** Eighty cycles that leave 400 kB each behind. */
const GROWTH_MAX_BYTES = 32 * 2 ** 20;

describe("a hundred switches in ten minutes, under load", () => {
  let nodes: TwoNodes;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["b", "c", "out"]) await startEcho(nodes, pod, PORT);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  it("break no flow, and leave no map, link, program or memory behind", async () => {
    const before = kernelObjects(nodes);
    assert.deepEqual(before.pins, [0, 0]);
    const switched = new SwitchedNodes(nodes);
    const matrix = new FlowMatrix(nodes);
    await matrix.begin("long-lived");
    let warmBytes = 0;
    for (let cycle = 1; cycle <= CYCLES; cycle++) {
      const end = performance.now() + CYCLE_MS;
      for (const node of [1, 2] as const) switched.enable(node);
      await expectAnswers(`on, cycle ${cycle}`);
      await switched.disable([1, 2], () => expectAnswers(`drain, cycle ${cycle}`));
      await expectAnswers(`off, cycle ${cycle}`);
      if (cycle === WARM_CYCLES) warmBytes = residentBytes();
      await pause(Math.max(0, end - performance.now()));
    }
    const grownBytes = residentBytes() - warmBytes;
    assert.deepEqual((await matrix.finish()).filter(isBroken), []);
    switched.close();
    assert.deepEqual(kernelObjects(nodes), before);
    assert.ok(grownBytes < GROWTH_MAX_BYTES, `${grownBytes} bytes more than after ${WARM_CYCLES} cycles`);
  });

  /** New connections of every kind. Lateness is the machine's, an error would be ours. */
  async function expectAnswers(phase: string): Promise<void> {
    const errors = (await exchangeAll(nodes, "a", newFlows(nodes))).filter((error) => error !== null && !error.startsWith("slow"));
    assert.deepEqual(errors, [], phase);
  }
});

function newFlows(nodes: TwoNodes): FlowPlan[] {
  return [nodes.pod("b"), nodes.pod("c"), ...SERVICES, OUTSIDE].flatMap(({ v4, v6 }) =>
    [v4, v6].flatMap((address) => (["tcp", "udp"] as const).map((protocol) => ({ name: address, protocol, address, port: PORT }))),
  );
}

/**
 * What keeps objects of ours in the kernel: descriptors of this process, pins, and programs on devices. Nobody else's are counted, so
 * that other tests may run at the same time.
 */
function kernelObjects(nodes: TwoNodes): { descriptors: string[]; pins: number[]; onDevices: string[] } {
  const descriptors = readdirSync("/proc/self/fd").flatMap((fd) => /^anon_inode:(bpf[-_]\w+)/.exec(targetOf(fd))?.[1] ?? []);
  const both = [1, 2] as const;
  return {
    descriptors: descriptors.sort(),
    pins: both.map((node) => pinFolders(nodes.pinRoot(node)).length),
    onDevices: both.map((node) => JSON.stringify(JSON.parse(nodes.inNode(node, "bpftool -j net show")))),
  };
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ""; // the one that the folder was read with
  }
}

function residentBytes(): number {
  return process.memoryUsage().rss;
}
