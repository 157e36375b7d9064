import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { startEcho, startFlows, stopTraffic, type FlowPlan } from "./traffic.ts";

const RUN_MS = 400;

describe("pods' traffic to the outside", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  const switchOn = (): Observation => agent.reconcile(on(1, 1, { masquerade: masqueradeWish() }));

  before(async () => {
    nodes = new TwoNodes();
    await startEcho(nodes, "out", PORT);
    agent = nodes.agent(1);
    switchOn();
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  for (const protocol of ["tcp", "udp"] as const)
    for (const family of ["v4", "v6"] as const)
      it(`${protocol} ${family} goes fast, both ways, with the node's address`, async () => {
        const before = switchOn().counters;
        const plan: FlowPlan = { name: "out", protocol, address: OUTSIDE[family], port: PORT };
        const flows = await startFlows(nodes, "a", [plan]);
        await pause(RUN_MS);
        const [result] = await flows.finish();
        assert.deepEqual([result?.error, result?.lost], [null, 0]);
        const { counters } = switchOn();
        assert.ok(counters.fromPod.FastMasquerade - before.fromPod.FastMasquerade > 20);
        assert.ok(counters.fromNet.FastUnmasquerade - before.fromNet.FastUnmasquerade > 20);
        assert.equal(counters.fromPod.StackMasqueradeOff, before.fromPod.StackMasqueradeOff);
      });
});
