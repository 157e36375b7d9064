import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { detachPinnedLink } from "@hostrouting/bpf-loader";
import { effectiveMode } from "../../services/node-agent/src/host-routing/effective-mode.ts";
import type { Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import { pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { FlowMatrix, isBroken, KINDS } from "./matrix.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { startEcho, startIdle, stopTraffic } from "./traffic.ts";

const DRAIN_MS = 2000;
/** A node that is switched long before the other: flows begin and run in between. */
const GAP_MS = 1000;

describe("pods of two nodes and the outside", () => {
  let nodes: TwoNodes;
  let agents: Record<1 | 2, TestAgent>;
  let generation = 0;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["b", "c", "out"]) await startEcho(nodes, pod, PORT);
    agents = { 1: nodes.agent(1, { drainMs: DRAIN_MS }), 2: nodes.agent(2, { drainMs: DRAIN_MS }) };
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });
  afterEach(() => {
    for (const node of [1, 2] as const) agents[node].reconcile({ kind: "off", atOnce: true });
  });

  const enable = (node: 1 | 2): Observation => {
    const seen = agents[node].reconcile(on(++generation, node, { masquerade: masqueradeWish() }));
    assert.partialDeepStrictEqual(effectiveMode(seen), { mode: "BpfVeth", reason: "Switched" });
    return seen;
  };
  const look = (node: 1 | 2): Observation => agents[node].reconcile({ kind: "leave" });
  const off = (node: 1 | 2): Observation => agents[node].reconcile({ kind: "off", atOnce: false });

  const variants: { name: string; first: readonly (1 | 2)[]; later: readonly (1 | 2)[] }[] = [
    { name: "both nodes at once", first: [1, 2], later: [] },
    { name: "one node long before the other", first: [1], later: [2] },
    { name: "only the node of the clients", first: [1], later: [] },
    { name: "only the other node", first: [2], later: [] },
  ];
  for (const { name, first, later } of variants)
    it(`keeps every flow through enable, drain and detach, in whatever phase it began: ${name}`, async () => {
      const matrix = new FlowMatrix(nodes);
      const switched = [...first, ...later];
      await matrix.begin("before");
      first.forEach(enable);
      if (later.length > 0) await matrix.begin("between").then(() => pause(GAP_MS));
      later.forEach(enable);
      await matrix.begin("on");
      const seen = switched.map((node) => [node, look(node)] as const);
      switched.forEach(off);
      await matrix.begin("drain");
      await pause(DRAIN_MS);
      for (const node of switched) assert.equal(off(node).control, undefined);
      await matrix.begin("after");
      const results = await matrix.finish();
      assert.equal(results.length, (later.length > 0 ? 5 : 4) * KINDS);
      assert.deepEqual(results.filter(isBroken), []);
      for (const [node, observation] of seen) assertUsed(node, observation);
    });

  it("closes connections that were fast and silent while the programs went", async () => {
    for (const node of [1, 2] as const) enable(node);
    const plans = [nodes.pod("b"), nodes.pod("c"), OUTSIDE].flatMap(({ v4, v6 }) =>
      [v4, v6].map((address) => ({ name: address, protocol: "tcp" as const, address, port: PORT })),
    );
    const idle = await startIdle(nodes, "a", plans);
    for (const node of [1, 2] as const) off(node);
    await pause(DRAIN_MS);
    for (const node of [1, 2] as const) assert.equal(off(node).control, undefined);
    assert.deepEqual(
      await idle.finish(),
      plans.map(() => null),
    );
  });

  it("notices that programs which translate were taken away: the matrix fails where it should", async () => {
    const matrix = new FlowMatrix(nodes);
    enable(1);
    await matrix.begin("on");
    agents[1].datapath.close();
    for (const folder of pinFolders(nodes.pinRoot(1))) {
      for (const link of folder.linkNames()) detachPinnedLink(folder.link(link));
      folder.remove();
    }
    agents[1] = nodes.agent(1, { drainMs: DRAIN_MS });
    await matrix.begin("after");
    const broken = (await matrix.finish()).filter(isBroken).map((flow) => flow.name);
    assert.deepEqual(broken, ["on: tcp v4 to outside", "on: tcp v6 to outside"]);
  });
});

/** Flows of every kind went the way that they should have. */
function assertUsed(node: 1 | 2, { counters: { fromPod, fromNet }, devices }: Observation): void {
  const pods = node === 1 ? ["la true", "lb true"] : ["lc true"];
  assert.deepEqual(devices.map(({ name, attached }) => `${name} ${attached}`).sort(), ["eth0 true", ...pods]);
  assert.ok(fromPod.FastRemote + fromPod.FastRemoteNeigh > 50, `remote ${fromPod.FastRemote}`);
  assert.ok(fromNet.FastFromNet > 50, `from net ${fromNet.FastFromNet}`);
  if (node === 2) return;
  assert.ok(fromPod.FastLocal > 50, `local ${fromPod.FastLocal}`);
  assert.ok(fromPod.FastMasquerade > 50, `to the outside ${fromPod.FastMasquerade}`);
  assert.ok(fromNet.FastUnmasquerade > 50, `from the outside ${fromNet.FastUnmasquerade}`);
  assert.ok(fromPod.StackClass > 50, `to Services ${fromPod.StackClass}`);
}
