import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { countedSince, type Counters } from "../../services/node-agent/src/host-routing/counters.ts";
import { kernelAddress } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import { Struct } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import type { OutsideRanges } from "../../services/node-agent/src/masquerade/address-classes.ts";
import type { MasqueradeWish } from "../../services/node-agent/src/masquerade/kernel-masquerade.ts";
import { askFallbackRules } from "../../services/node-agent/src/masquerade/saved-rules.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, SERVICES, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { exchangeOnce, startEcho, startFlows, stopTraffic, type FlowPlan } from "./traffic.ts";

const RUN_MS = 300;
const FAMILIES = ["v4", "v6"] as const;
/** An address outside of all ranges that node 1's own rules lead to pod b, as kube-proxy's do with a load balancer's. */
const LOAD_BALANCER = { v4: "20.30.40.50", v6: "2001:db8:1b::1" } as const;
const NODE = { v4: "10.200.0.1", v6: "fd00:200::1" } as const;

describe("masquerading that changes", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  const apply = (changes: Partial<MasqueradeWish> = {}): Counters =>
    agent.reconcile(on(1, 1, { masquerade: masqueradeWish(changes) })).counters;
  const outside = (changes: Partial<OutsideRanges>): Partial<MasqueradeWish> => ({ outside: { ...plainOutside(), ...changes } });

  before(async () => {
    nodes = new TwoNodes();
    for (const name of ["out", "b"]) await startEcho(nodes, name, PORT);
    addLoadBalancer(nodes);
    agent = nodes.agent(1);
    apply();
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  /** Flows of both protocols and families to the outside that go on while `change` happens; none may break. */
  const assertUnbroken = async (change: () => Counters): Promise<void> => {
    apply();
    const plans = FAMILIES.flatMap((family) =>
      (["tcp", "udp"] as const).map((protocol): FlowPlan => ({
        name: `${protocol} ${family}`,
        protocol,
        address: OUTSIDE[family],
        port: PORT,
      })),
    );
    const flows = await startFlows(nodes, "a", plans);
    const before = change();
    await pause(RUN_MS);
    const results = await flows.finish();
    const counted = countedSince(before, change());
    assert.deepEqual(
      results.map(({ name, lost, error }) => ({ name, lost, error })),
      plans.map(({ name }) => ({ name, lost: 0, error: null })),
    );
    assert.ok(counted.fromPod.FastMasquerade > 40, `still translated: ${counted.fromPod.FastMasquerade}`);
    apply();
  };

  it("keeps flows when their range is to keep the pod's address from now on", () =>
    assertUnbroken(() => apply(outside({ native: ["203.0.113.0/24", "2001:db8:99::/48"] }))));
  it("keeps flows when their range goes to the stack", () =>
    assertUnbroken(() => apply(outside({ doubtful: ["203.0.113.0/24", "2001:db8::/32"] }))));
  it("keeps flows when a family's rules are gone", () => assertUnbroken(() => apply(outside({ families: [] }))));
  it("keeps flows when it is switched off", () => assertUnbroken(() => apply({ enabled: false, outside: undefined })));
  it("keeps flows when other ports are to be used", () => assertUnbroken(() => apply({ nodePorts: { first: 1024, last: 30_000 } })));

  for (const family of FAMILIES)
    for (const protocol of ["tcp", "udp"] as const) {
      it(`leaves ${protocol} ${family} to a load balancer and to a ClusterIP to the stack`, async () => {
        const service = [`${LOAD_BALANCER.v4}/32`, `${LOAD_BALANCER.v6}/128`];
        const before = apply(outside({ service }));
        for (const address of [LOAD_BALANCER[family], SERVICES[0][family]])
          assert.equal(await exchangeOnce(nodes, "a", { name: "service", protocol, address, port: PORT }), null);
        const { fromPod } = countedSince(before, apply(outside({ service })));
        assert.equal(fromPod.FastMasquerade, 0);
        assert.ok(fromPod.StackClass >= 2);
      });

      it(`leaves new ${protocol} ${family} flows to the kernel while it is off`, async () => {
        const before = apply({ enabled: false });
        assert.equal(await exchangeOnce(nodes, "a", { name: "out", protocol, address: OUTSIDE[family], port: PORT }), null);
        const { fromPod } = countedSince(before, apply({ enabled: false }));
        assert.equal(fromPod.FastMasquerade, 0);
        assert.ok(fromPod.StackMasqueradeOff > 0);
        apply();
      });
    }

  it("goes on while a new agent does not know yet what to masquerade", async () => {
    apply();
    const before = agent.reconcile(on(1, 1)).counters;
    for (const family of FAMILIES) {
      const plan: FlowPlan = { name: "out", protocol: "tcp", address: OUTSIDE[family], port: PORT };
      assert.equal(await exchangeOnce(nodes, "a", plan), null);
    }
    const { fromPod } = countedSince(before, agent.reconcile(on(1, 1)).counters);
    assert.ok(fromPod.FastMasquerade >= 2);
    assert.equal(fromPod.StackClass, 0);
  });

  it("follows the uplink's addresses", async () => {
    assert.deepEqual(source(), [NODE.v4, NODE.v6].map(hex));
    nodes.inNode(1, `ip -6 addr del ${NODE.v6}/64 dev eth0`);
    agent.run(() => agent.datapath.follow());
    assert.deepEqual(source(), [hex(NODE.v4), "00".repeat(16)]);
    nodes.inNode(1, `ip addr add ${NODE.v6}/64 dev eth0 nodad`);
    agent.run(() => agent.datapath.follow());
    assert.deepEqual(source(), [NODE.v4, NODE.v6].map(hex));
  });

  it("knows the node's own rules", async () => {
    const ask = (): ReturnType<typeof askFallbackRules> => agent.run(() => askFallbackRules());
    assert.deepEqual(await ask(), {
      4: { state: "present", kept: ["10.200.0.0/16", "10.201.0.0/16"] },
      6: { state: "present", kept: ["fd00:200::/32", "fd00:201::/32"] },
    });
    nodes.inNode(1, "iptables -t nat -A POSTROUTING -d 192.0.2.1 -j SNAT --to-source 10.200.0.1; ip6tables -t nat -F POSTROUTING");
    assert.deepEqual(await ask(), { 4: { state: "foreign", message: "POSTROUTING has a rule for SNAT" }, 6: { state: "absent" } });
  });

  /** Addresses of node 1's uplink as the programs know them. */
  function source(): string[] {
    const map = nodes.pinnedMap(1, "hr_sources");
    const values = map.keys().map((key) => new Struct("hr_source", map.lookup(key)).bytes);
    map.close();
    assert.equal(values.length, 1);
    return values.flatMap((value) => [value.toString("hex", 0, 16), value.toString("hex", 16, 32)]);
  }
});

function plainOutside(): OutsideRanges {
  const { outside } = masqueradeWish();
  assert.ok(outside);
  return outside;
}

function addLoadBalancer(nodes: TwoNodes): void {
  const { v4, v6 } = nodes.pod("b");
  for (const protocol of ["tcp", "udp"]) {
    const rule = `PREROUTING -p ${protocol} --dport ${PORT}`;
    nodes.inNode(1, `iptables -t nat -A ${rule} -d ${LOAD_BALANCER.v4} -j DNAT --to ${v4}:${PORT}`);
    nodes.inNode(1, `ip6tables -t nat -A ${rule} -d ${LOAD_BALANCER.v6} -j DNAT --to [${v6}]:${PORT}`);
  }
}

function hex(address: string): string {
  return kernelAddress(address).toString("hex");
}
