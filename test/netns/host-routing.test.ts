import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { detachPinnedLink } from "@hostrouting/bpf-loader";
import type { Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import { pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import { FlowMatrix } from "./matrix.ts";
import { playSwitch, SWITCH_VARIANTS, SwitchedNodes } from "./matrix-switch.ts";
import { OUTSIDE, PORT, TwoNodes } from "./two-nodes.ts";
import { isBroken, startEcho, startIdle, stopTraffic } from "./traffic.ts";

describe("pods of two nodes and the outside", () => {
  let nodes: TwoNodes;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["b", "c", "out"]) await startEcho(nodes, pod, PORT);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  for (const { name, ...variant } of SWITCH_VARIANTS)
    it(`keeps every flow through enable, drain and detach, in whatever phase it began: ${name}`, async () => {
      for (const [node, seen] of await playSwitch(nodes, variant)) assertUsed(node, seen, variant.agent?.gate === "HandshakeOnly");
    });

  it("closes connections that were fast and silent while the programs went", async () => {
    const switched = new SwitchedNodes(nodes);
    try {
      for (const node of [1, 2] as const) switched.enable(node);
      const plans = [nodes.pod("b"), nodes.pod("c"), OUTSIDE].flatMap(({ v4, v6 }) =>
        [v4, v6].map((address) => ({ name: address, protocol: "tcp" as const, address, port: PORT })),
      );
      const idle = await startIdle(nodes, "a", plans);
      await switched.disable([1, 2]);
      assert.deepEqual(
        await idle.finish(),
        plans.map(() => null),
      );
    } finally {
      switched.close();
    }
  });

  it("notices that programs which translate were taken away: the matrix fails where it should", async () => {
    const switched = new SwitchedNodes(nodes);
    const matrix = new FlowMatrix(nodes);
    switched.enable(1);
    await matrix.begin("on");
    for (const folder of pinFolders(nodes.pinRoot(1))) {
      for (const link of folder.linkNames()) detachPinnedLink(folder.link(link));
      folder.remove();
    }
    await matrix.begin("after");
    const broken = (await matrix.finish()).filter(isBroken).map((flow) => flow.name);
    // A datagram that was under way at that moment is lost as well; a connection is for good.
    const outside = ["on: tcp v4 to outside", "on: tcp v6 to outside", "on: udp v4 to outside", "on: udp v6 to outside"];
    assert.deepEqual(
      broken.filter((name) => name.includes("tcp")),
      outside.slice(0, 2),
    );
    assert.deepEqual(
      broken.filter((name) => !outside.includes(name)),
      [],
    );
    switched.close();
  });
});

/** Flows of every kind went the way that they should have; without conntrack's word only TCP is fast, and nothing is translated. */
function assertUsed(node: 1 | 2, { counters: { fromPod, fromNet }, devices }: Observation, handshakesOnly: boolean): void {
  const pods = node === 1 ? ["la true", "lb true"] : ["lc true"];
  assert.deepEqual(devices.map(({ name, attached }) => `${name} ${attached}`).sort(), ["eth0 true", ...pods]);
  assert.ok(fromPod.FastRemote + fromPod.FastRemoteNeigh > 50, `remote ${fromPod.FastRemote}`);
  assert.ok(fromNet.FastFromNet > 50, `from net ${fromNet.FastFromNet}`);
  if (node === 2) return;
  assert.ok(fromPod.FastLocal > 50, `local ${fromPod.FastLocal}`);
  assert.ok(fromPod.StackClass > 50, `to Services ${fromPod.StackClass}`);
  if (handshakesOnly) return assert.equal(fromPod.FastMasquerade, 0);
  assert.ok(fromPod.FastMasquerade > 50, `to the outside ${fromPod.FastMasquerade}`);
  assert.ok(fromNet.FastUnmasquerade > 50, `from the outside ${fromNet.FastUnmasquerade}`);
}
