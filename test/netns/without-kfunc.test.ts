import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { effectiveMode } from "../../services/node-agent/src/host-routing/effective-mode.ts";
import { probeGate } from "../../services/node-agent/src/host-routing/gate-variant.ts";
import { FlowMatrix } from "./matrix.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { exchangeOnce, isBroken, startEcho, stopTraffic, type FlowPlan } from "./traffic.ts";

const OBJECT = path.join(import.meta.dirname, "../../bpf/build/host_routing.bpf.o");

describe("nodes whose conntrack cannot be asked", () => {
  let nodes: TwoNodes;
  let first: TestAgent;
  let second: TestAgent;

  before(async () => {
    nodes = new TwoNodes();
    for (const place of ["b", "c", "out"]) await startEcho(nodes, place, PORT);
    first = nodes.agent(1, { gate: "HandshakeOnly" });
    second = nodes.agent(2, { gate: "HandshakeOnly" });
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  const masquerade = masqueradeWish();
  const plan = (protocol: "tcp" | "udp", address: string): FlowPlan => ({ name: address, protocol, address, port: PORT });

  it("are told from this one, whose conntrack can be", () => assert.equal(probeGate(OBJECT), "Conntrack"));

  it("keep every flow through enable, drain and detach", async () => {
    const flows = new FlowMatrix(nodes);
    await flows.begin("before");
    for (const [index, agent] of [first, second].entries())
      assert.partialDeepStrictEqual(effectiveMode(agent.reconcile(on(1, index === 0 ? 1 : 2, { masquerade }))), { mode: "BpfVeth" });
    await flows.begin("on");
    for (const agent of [first, second]) agent.reconcile({ kind: "drain" });
    await flows.begin("drain");
    for (const agent of [first, second]) assert.equal(agent.reconcile({ kind: "off", atOnce: true }).control, undefined);
    await flows.begin("after");
    assert.deepEqual((await flows.finish()).filter(isBroken), []);
  });

  for (const family of ["v4", "v6"] as const)
    it(`let new TCP be fast, and nothing else, ${family}`, async () => {
      first.reconcile(on(2, 1, { masquerade }));
      second.reconcile(on(2, 2, { masquerade }));
      const cases = [
        { what: plan("tcp", nodes.pod("b")[family]), fast: true },
        { what: plan("tcp", nodes.pod("c")[family]), fast: true },
        { what: plan("udp", nodes.pod("b")[family]), fast: false },
        { what: plan("udp", nodes.pod("c")[family]), fast: false },
        { what: plan("tcp", OUTSIDE[family]), fast: false },
        { what: plan("udp", OUTSIDE[family]), fast: false },
      ];
      for (const { what, fast } of cases) {
        const before = first.reconcile(on(2, 1, { masquerade })).counters.fromPod;
        assert.equal(await exchangeOnce(nodes, "a", what), null);
        const now = first.reconcile(on(2, 1, { masquerade })).counters.fromPod;
        const redirected = (counters: typeof now): number =>
          counters.FastLocal + counters.FastRemote + counters.FastRemoteNeigh + counters.FastMasquerade;
        assert.equal(redirected(now) > redirected(before), fast, `${what.protocol} to ${what.address}`);
      }
    });
});
