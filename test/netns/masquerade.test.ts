import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { addressText, Conntrack } from "@hostrouting/bpf-loader";
import { countedSince, type Counters } from "../../services/node-agent/src/host-routing/counters.ts";
import { KERNEL_LAYOUTS, Struct, type Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import type { Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { exchangeDatagrams, hammer } from "./outside.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { startEcho, startFlows, stopFlows, stopTraffic, type FlowPlan } from "./traffic.ts";

const RUN_MS = 400;
/** Each half looks after the other once a second. */
const REPAIR_MS = 1500;
/** Some seconds of what two processors can do at both ends. */
const CONNECTIONS = 3000;
/** Flows that the kernel translates beside ours. */
const KERNEL_FLOWS = 7;
/** Nobody listens there. */
const CLOSED_PORT = 9;
/** Behind a link of 1280 bytes, the least that IPv6 allows. */
const FAR = { v4: "198.51.100.7", v6: "2001:db8:51::7" } as const;
const FAR_MTU_BYTES = 1280;
/** The node's own addresses, which stand in for pods'. */
const NODE = { v4: "10.200.0.1", v6: "fd00:200::1" } as const;
const FAMILIES = ["v4", "v6"] as const;
const PROTOCOLS = { tcp: 6, udp: 17 } as const;

describe("pods' traffic to the outside", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  const switchOn = (): Observation => agent.reconcile(on(1, 1, { masquerade: masqueradeWish() }));

  before(async () => {
    nodes = new TwoNodes();
    addFarHost(nodes);
    await startEcho(nodes, "out", PORT);
    await startEcho(nodes, "far", PORT);
    agent = nodes.agent(1);
    switchOn();
  });
  afterEach(stopFlows);
  after(() => {
    stopTraffic();
    execFileSync("ip", ["netns", "del", `${nodes.id}-far`]);
    nodes.close();
  });

  /** What was counted while `work` was done. */
  const countedDuring = async (work: () => unknown): Promise<Counters> => {
    const before = switchOn().counters;
    await work();
    return countedSince(before, switchOn().counters);
  };
  const assertAllFast = (counted: Counters, packetsMin: number): void => {
    assert.ok(counted.fromPod.FastMasquerade >= packetsMin, `out ${counted.fromPod.FastMasquerade}`);
    assert.ok(counted.fromNet.FastUnmasquerade >= packetsMin, `back ${counted.fromNet.FastUnmasquerade}`);
    for (const reason of ["StackMasqueradeOff", "StackNoPort", "StackFragment", "StackConntrack"] satisfies Reason[])
      assert.equal(counted.fromPod[reason], 0, reason);
  };

  for (const protocol of ["tcp", "udp"] as const)
    for (const family of FAMILIES)
      it(`${protocol} ${family} goes fast, both ways`, async () => {
        const plan: FlowPlan = { name: "out", protocol, address: OUTSIDE[family], port: PORT };
        const counted = await countedDuring(async () => {
          const flows = await startFlows(nodes, "a", [plan]);
          await pause(RUN_MS);
          const [result] = await flows.finish();
          assert.deepEqual([result?.error, result?.lost], [null, 0]);
        });
        assertAllFast(counted, 20);
      });

  for (const family of FAMILIES) {
    it(`echo requests ${family} are answered, fast`, async () =>
      assertAllFast(await countedDuring(() => nodes.inPod("a", `busybox ping -c 3 -i 0.1 -W 2 ${OUTSIDE[family]}`)), 3));

    it(`echo requests ${family} of 4000 bytes are answered, in fragments`, () =>
      void nodes.inPod("a", `busybox ping -c 3 -i 0.1 -W 2 -s 4000 ${OUTSIDE[family]}`));

    it(`a datagram ${family} of 4000 bytes that begins a flow is echoed`, async () =>
      assert.equal(await exchangeDatagrams(nodes, "a", { address: OUTSIDE[family], port: PORT, bytes: [4000, 8, 4000] }), null));

    it(`a datagram ${family} of 4000 bytes of a known flow is echoed, fast in all its fragments`, async () =>
      assertAllFast(
        await countedDuring(async () => {
          const target = { address: OUTSIDE[family], port: PORT, bytes: [8, 4000] };
          assert.equal(await exchangeDatagrams(nodes, "a", target), null);
        }),
        4,
      ));

    it(`a refused port ${family} is told to the pod that asked`, async () => {
      const refused = await exchangeDatagrams(nodes, "a", { address: OUTSIDE[family], port: CLOSED_PORT, bytes: [8] });
      assert.equal(refused, "ECONNREFUSED");
    });

    it(`a smaller MTU on the way ${family} is told to the pod that sent too much`, async () => {
      const target = { address: FAR[family], port: PORT, bytes: [1400] };
      const first = await exchangeDatagrams(nodes, "a", target);
      assert.match(nodes.inPod("a", `ip route get ${FAR[family]}`), new RegExp(`mtu ${FAR_MTU_BYTES}\\b`), String(first));
      assert.equal(await exchangeDatagrams(nodes, "a", target), null);
      assert.doesNotMatch(nodes.inPod("b", `ip route get ${FAR[family]}`), /mtu/);
    });

    for (const [half, protocol] of [
      ["hr_nat_out", "tcp"],
      ["hr_nat_in", "udp"],
    ] as const)
      it(`a ${protocol} flow ${family} that lost ${half} goes on from the same port`, async () => {
        const flows = await startFlows(nodes, "a", [{ name: "out", protocol, address: OUTSIDE[family], port: PORT }]);
        await pause(RUN_MS / 2);
        const before = translatedPorts(OUTSIDE[family], protocol);
        removeHalves(half);
        await pause(REPAIR_MS);
        const [result] = await flows.finish();
        assert.equal(result?.error, null);
        const [port] = translatedPorts(OUTSIDE[family], protocol).slice(-1);
        assert.ok(before.includes(Number(port)), `${port} of ${before.join()}`);
        assert.ok((result?.silenceMs ?? 0) < REPAIR_MS, `silent for ${result?.silenceMs} ms`);
      });

    it(`a flow ${family} that the kernel masquerades and one of ours never share a port`, async () => {
      switchOn();
      const mine: FlowPlan = { name: "a", protocol: "udp", address: OUTSIDE[family], port: PORT, localPort: 40_001 };
      const first = await startFlows(nodes, "a", [mine]);
      const [port] = translatedPorts(OUTSIDE[family], "udp").slice(-1);
      await first.finish();
      forgetFlows(family);
      const to = family === "v4" ? `${NODE.v4}:${port}` : `[${NODE.v6}]:${port}`;
      const again = await translatedByKernel(family, to, async () => {
        const kernels = await startFlows(nodes, "b", [{ ...mine, name: "b", localPort: 40_002 }]);
        return countedDuring(async () => {
          const ours = await startFlows(nodes, "a", [mine]);
          await pause(RUN_MS);
          const results = [...(await ours.finish()), ...(await kernels.finish())];
          assert.deepEqual(
            results.map(({ error, lost }) => [error, lost]),
            [
              [null, 0],
              [null, 0],
            ],
          );
        });
      });
      assert.ok(again.fromPod.FastMasquerade > 20);
      assert.ok(!translatedPorts(OUTSIDE[family], "udp").includes(Number(port)));
    });

    it(`the kernel's own NAT takes no port ${family} that stands in for a pod's`, async () => {
      switchOn();
      // a trace of an earlier flow in the range would leave fewer ports than flows
      forgetFlows(family);
      const plan: FlowPlan = { name: "flow", protocol: "udp", address: OUTSIDE[family], port: PORT };
      const ours = await startFlows(nodes, "a", [plan]);
      const port = Number(translatedPorts(OUTSIDE[family], "udp").at(-1));
      const node = family === "v4" ? NODE.v4 : `[${NODE.v6}]`;
      // as many flows as ports but ours: one of them would take it if it could
      const range = `${node}:${port}-${port + KERNEL_FLOWS}`;
      const results = await translatedByKernel(family, range, async () => {
        const plans = Array.from({ length: KERNEL_FLOWS }, () => ({ ...plan }));
        const kernels = await startFlows(nodes, "b", plans);
        await pause(RUN_MS);
        return [...(await kernels.finish()), ...(await ours.finish())];
      });
      assert.deepEqual(
        results.filter(({ error, lost }) => error !== null || lost > 0),
        [],
      );
    });
  }

  it("connections are opened and closed without pause, and each is translated", async () => {
    const counted = await countedDuring(async () => {
      const { failures } = await hammer(nodes, "a", { address: OUTSIDE.v4, port: PORT, count: CONNECTIONS });
      assert.deepEqual(failures, {});
    });
    assertAllFast(counted, 2 * CONNECTIONS);
  });

  /** While pod b's datagrams to the outside are the kernel's to translate, to an address and ports of iptables' notation. */
  async function translatedByKernel<T>(family: "v4" | "v6", to: string, work: () => Promise<T>): Promise<T> {
    const tables = family === "v4" ? "iptables" : "ip6tables";
    const rule = `POSTROUTING -p udp -s ${nodes.pod("b")[family]} -d ${OUTSIDE[family]} -j SNAT --to-source ${to}`;
    nodes.inNode(1, `${tables} -t nat -I ${rule}`);
    try {
      agent.reconcile(on(1, 1, { masquerade: masqueradeWish({ enabled: false }) }));
      return await work();
    } finally {
      nodes.inNode(1, `${tables} -t nat -D ${rule}`);
    }
  }

  /** Ports of this node that stand in for pods' towards a remote address, oldest first. */
  function translatedPorts(remote: string, protocol: keyof typeof PROTOCOLS): number[] {
    const map = nodes.pinnedMap(1, "hr_nat_in");
    const { source, destination_port: port } = KERNEL_LAYOUTS.hr_tuple.members;
    const ports = map
      .keys()
      .filter((key) => plainAddress(key.subarray(source.offset, source.offset + source.size)) === remote)
      .filter((key) => new Struct("hr_tuple", key).number("protocol") === PROTOCOLS[protocol])
      .map((key) => ({ port: key.readUInt16BE(port.offset), seen: new Struct("hr_nat", map.lookup(key)).bigint("seen_ns") }))
      .sort((a, b) => Number(a.seen - b.seen));
    map.close();
    return ports.map((found) => found.port);
  }

  /** What our programs and conntrack know of earlier flows. */
  function forgetFlows(family: "v4" | "v6"): void {
    for (const name of ["hr_nat_out", "hr_nat_in"] as const) removeHalves(name);
    agent.run(() => forgetTracked(family === "v4" ? 4 : 6));
  }

  function removeHalves(name: "hr_nat_out" | "hr_nat_in"): void {
    const map = nodes.pinnedMap(1, name);
    for (const key of map.keys()) map.delete(key);
    map.close();
  }
});

/** Empties conntrack of the current network namespace. */
function forgetTracked(family: 4 | 6): void {
  const conntrack = Conntrack.open();
  for (const { original } of conntrack.entries(family)) conntrack.remove(original);
  conntrack.close();
}

/** A host one hop behind the outside, over a link that is too narrow for what pods send. */
function addFarHost(nodes: TwoNodes): void {
  nodes.inPod("out", "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0");
  execFileSync("ip", ["netns", "add", `${nodes.id}-far`]);
  nodes.inPod("out", `ip link add far mtu ${FAR_MTU_BYTES} type veth peer name eth0 mtu ${FAR_MTU_BYTES} netns ${nodes.id}-far`);
  nodes.inPod("out", `ip addr add 198.51.100.1/24 dev far; ip addr add 2001:db8:51::1/64 dev far nodad; ip link set far up`);
  nodes.inPod(
    "far",
    `ip link set lo up; ip addr add ${FAR.v4}/24 dev eth0; ip addr add ${FAR.v6}/64 dev eth0 nodad; ip link set eth0 up; ip route add default via 198.51.100.1; ip -6 route add default via 2001:db8:51::1`,
  );
}

function plainAddress(mapped: Buffer): string {
  const text = addressText(mapped);
  return text.startsWith("::ffff:") ? mapped.subarray(12).join(".") : text;
}
