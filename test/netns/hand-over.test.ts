import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Conntrack, CONNTRACK_STATUS, type ConntrackEntry } from "@hostrouting/bpf-loader";
import { readTranslatedFlow } from "../../services/node-agent/src/hand-over/translated-flow.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { isBroken, startEcho, startFlows, stopTraffic, type FlowPlan } from "./traffic.ts";

const IPPROTO_TCP = 6;
/** Some twenty pings. */
const WHILE_MS = 200;
/** An established flow with data on its way has 300 s, any other state of TCP at most 120 s. */
const ESTABLISHED_LEAST_S = 200;

describe("flows that are translated when a node is switched off", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  let generation = 0;

  before(async () => {
    nodes = new TwoNodes();
    await startEcho(nodes, "out", PORT);
    agent = nodes.agent(1);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  const plans = (): FlowPlan[] =>
    (["tcp", "udp"] as const).flatMap((protocol) =>
      ([OUTSIDE.v4, OUTSIDE.v6] as const).map((address) => ({ name: `${protocol} ${address}`, protocol, address, port: PORT })),
    );
  const ours = (): string[] => {
    const map = nodes.pinnedMap(1, "hr_nat_out");
    const flows = map.keys().flatMap((key) => {
      const value = map.lookup(key);
      return value ? [readTranslatedFlow(key, value)] : [];
    });
    map.close();
    return flows
      .map(({ original, translated }) => `${original.protocol} ${original.source} ${original.sourcePort} → ${translated.port}`)
      .sort();
  };
  const withConntrack = <T>(work: (conntrack: Conntrack) => T): T =>
    agent.run(() => {
      const conntrack = Conntrack.open();
      try {
        return work(conntrack);
      } finally {
        conntrack.close();
      }
    });
  const podsEntries = (): ConntrackEntry[] =>
    withConntrack((conntrack) => ([4, 6] as const).flatMap((family) => conntrack.entries(family))).filter(
      ({ original }) => [nodes.pod("a").v4, nodes.pod("a").v6].includes(original.source) && original.destinationPort === PORT,
    );

  it("are conntrack's afterwards, with the same ports, and live on", async () => {
    agent.reconcile(on(++generation, 1, { masquerade: masqueradeWish() }));
    const flows = await startFlows(nodes, "a", plans());
    const before = ours();
    assert.equal(before.length, plans().length);
    const seen = agent.reconcile({ kind: "off", atOnce: true });
    assert.equal(seen.control, undefined);
    assert.deepEqual([seen.handedOver.left, seen.handedOver.refused], [0, 0]);
    await pause(WHILE_MS);
    const entries = podsEntries();
    assert.deepEqual(
      entries
        .map(({ original, reply }) => `${original.protocol} ${original.source} ${original.sourcePort} → ${reply.destinationPort}`)
        .sort(),
      before,
    );
    for (const { status, original, timeoutSeconds } of entries) {
      assert.ok(status & CONNTRACK_STATUS.SRC_NAT && status & CONNTRACK_STATUS.ASSURED);
      if (original.protocol === IPPROTO_TCP) assert.ok(timeoutSeconds > ESTABLISHED_LEAST_S, `${timeoutSeconds} s`);
    }
    assert.deepEqual((await flows.finish()).filter(isBroken), []);
  });

  it("are right, not an entry that says otherwise of the same flow", async () => {
    agent.reconcile(on(++generation, 1, { masquerade: masqueradeWish() }));
    const flows = await startFlows(nodes, "a", plans().slice(0, 2));
    const map = nodes.pinnedMap(1, "hr_nat_out");
    const taken = map.keys().map((key) => readTranslatedFlow(key, map.lookup(key) ?? Buffer.alloc(map.valueSize)));
    map.close();
    const wrong = taken.map(({ original, translated }) => ({
      original,
      translated: { ...translated, port: translated.port ^ 1 },
      timeoutSeconds: 600,
    }));
    withConntrack((conntrack) =>
      assert.deepEqual(
        wrong.map((flow) => conntrack.enterTranslated(flow)),
        wrong.map(() => true),
      ),
    );
    assert.equal(agent.reconcile({ kind: "off", atOnce: true }).control, undefined);
    const ports = podsEntries().map(({ original, reply }) => `${original.sourcePort} ${reply.destinationPort}`);
    for (const { original, translated } of taken) assert.ok(ports.includes(`${original.sourcePort} ${translated.port}`), ports.join());
    assert.deepEqual((await flows.finish()).filter(isBroken), []);
  });

  it("are removed, not handed over, once they have ended", async () => {
    agent.reconcile(on(++generation, 1, { masquerade: masqueradeWish() }));
    const flows = await startFlows(
      nodes,
      "a",
      plans().filter(({ protocol }) => protocol === "tcp"),
    );
    await flows.finish();
    const before = new Set(podsEntries().map(({ original }) => original.sourcePort));
    assert.equal(ours().length > 0, true);
    agent.reconcile({ kind: "off", atOnce: true });
    assert.deepEqual(
      podsEntries().filter(({ original }) => original.protocol === IPPROTO_TCP && !before.has(original.sourcePort)),
      [],
    );
  });
});
