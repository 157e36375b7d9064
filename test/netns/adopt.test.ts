import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Conntrack } from "@hostrouting/bpf-loader";
import { FlowMatrix } from "./matrix.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, PORT, SERVICES, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { isBroken, startEcho, startFlows, stopTraffic, type FlowPlan } from "./traffic.ts";

/** Some ten pings of each flow. */
const WHILE_MS = 200;

describe("nodes that take over flows that conntrack tracks", () => {
  let nodes: TwoNodes;
  let first: TestAgent;
  let second: TestAgent;

  before(async () => {
    nodes = new TwoNodes();
    for (const place of ["b", "c", "out"]) await startEcho(nodes, place, PORT);
    first = nodes.agent(1, { adopt: true });
    second = nodes.agent(2, { adopt: true });
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  const masquerade = masqueradeWish();
  /** Answers to pod a that conntrack of node 1 expects from `port`. */
  const tracked = (): string[] =>
    first.run(() => {
      const conntrack = Conntrack.open();
      try {
        const entries = ([4, 6] as const).flatMap((family) => conntrack.entries(family));
        return entries
          .filter(({ original, timeoutSeconds }) => original.destinationPort === PORT && timeoutSeconds > 0)
          .map(({ original }) => original.destination);
      } finally {
        conntrack.close();
      }
    });

  for (const family of ["v4", "v6"] as const)
    it(`an old flow becomes fast unless it is translated, and goes back when the node is switched off, ${family}`, async () => {
      const pods = [nodes.pod("b")[family], nodes.pod("c")[family]];
      const services = SERVICES.map((service) => service[family]);
      const plans = (["tcp", "udp"] as const).flatMap((protocol) =>
        [...pods, ...services].map((address): FlowPlan => ({ name: `${protocol} ${address}`, protocol, address, port: PORT })),
      );
      const flows = await startFlows(nodes, "a", plans);
      await pause(WHILE_MS);
      assert.deepEqual(new Set(tracked()).isSupersetOf(new Set([...pods, ...services])), true);
      for (const [agent, node] of [
        [first, 1],
        [second, 2],
      ] as const)
        agent.reconcile(on(node, node, { masquerade }));
      await pause(WHILE_MS);
      const known = new Set(tracked());
      assert.deepEqual([...pods.filter((pod) => known.has(pod)), ...services.filter((service) => !known.has(service))], []);
      const { counters } = first.reconcile(on(1, 1, { masquerade }));
      assert.ok(counters.fromPod.FastLocal > 0 && counters.fromPod.FastRemote + counters.fromPod.FastRemoteNeigh > 0);
      for (const agent of [first, second]) assert.equal(agent.reconcile({ kind: "off", atOnce: true }).control, undefined);
      await pause(WHILE_MS);
      assert.deepEqual((await flows.finish()).filter(isBroken), []);
    });

  it("keep every flow through enable, drain and detach", async () => {
    const flows = new FlowMatrix(nodes);
    await flows.begin("before");
    first.reconcile(on(9, 1, { masquerade }));
    second.reconcile(on(9, 2, { masquerade }));
    await flows.begin("on");
    for (const agent of [first, second]) agent.reconcile({ kind: "drain" });
    await flows.begin("drain");
    for (const agent of [first, second]) assert.equal(agent.reconcile({ kind: "off", atOnce: true }).control, undefined);
    await flows.begin("after");
    assert.deepEqual((await flows.finish()).filter(isBroken), []);
  });
});
