import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Counters } from "../../services/node-agent/src/host-routing/counters.ts";
import type { Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { exchangeAll, startEcho, stopTraffic, type FlowPlan } from "./traffic.ts";

const FAMILIES = ["v4", "v6"] as const;
/** Nobody listens there. */
const CLOSED_PORT = 9;
/** Between an ordinary link's MTU and IPv6's smallest. */
const SMALL_MTU = 1300;
const LARGE_BYTES = 4000;
const BULK_BYTES = 1_000_000;

/** Whatever the stack does with a packet, the fast path does, or leaves to the stack. */
describe("what pods see on the fast path and on the stack", () => {
  let nodes: TwoNodes;
  let agents: TestAgent[];
  let generation = 0;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["b", "c", "out"]) await startEcho(nodes, pod, PORT);
    agents = [nodes.agent(1), nodes.agent(2)];
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });
  afterEach(() => off());

  const switchOn = (): void => {
    generation++;
    agents.forEach((agent, index) => agent.reconcile(on(generation, index === 0 ? 1 : 2, { masquerade: masqueradeWish() })));
  };
  const off = (): void => agents.forEach((agent) => agent.reconcile({ kind: "off", atOnce: true }));
  const counters = (): Counters => {
    const [first] = agents;
    assert.ok(first);
    return first.reconcile({ kind: "leave" }).counters;
  };
  const counted = (direction: keyof Counters, reason: Reason): number => counters()[direction][reason];
  /** A pod here, a pod there, the outside. */
  const targets = (): Record<"b" | "c" | "out", { v4: string; v6: string }> => ({ b: nodes.pod("b"), c: nodes.pod("c"), out: OUTSIDE });
  const plans = (changes: Partial<FlowPlan> = {}): FlowPlan[] =>
    Object.entries(targets()).flatMap(([to, address]) =>
      FAMILIES.flatMap((family) =>
        (["tcp", "udp"] as const).map((protocol) => ({
          name: `${protocol} ${family} to ${to}`,
          protocol,
          address: address[family],
          port: PORT,
          ...changes,
        })),
      ),
    );
  /** Names of the plans that failed, with what they failed with. */
  const failures = async (all: FlowPlan[]): Promise<string[]> =>
    (await exchangeAll(nodes, "a", all)).flatMap((error, index) => (error === null ? [] : `${all[index]?.name}: ${error}`));
  /** What `look` answers on the stack and on the fast path. */
  const both = async <T>(look: () => T | Promise<T>): Promise<{ stack: T; fast: T }> => {
    const stack = await look();
    switchOn();
    return { stack, fast: await look() };
  };

  it("a packet arrives with the same TTL or hop limit", async () => {
    for (const pod of ["b", "c", "out"]) nodes.inPod(pod, `${countHops("iptables", "ttl")}; ${countHops("ip6tables", "hl")}`);
    const { stack, fast } = await both(async () => {
      for (const pod of ["b", "c", "out"]) nodes.inPod(pod, "iptables -t mangle -Z; ip6tables -t mangle -Z");
      assert.deepEqual(await failures(plans()), []);
      return ["b", "c", "out"].map((pod) => `${pod} ${hopsSeen(nodes, pod)}`);
    });
    assert.deepEqual(stack, ["b iptables 63 ip6tables 63", "c iptables 62 ip6tables 62", "out iptables 63 ip6tables 63"]);
    assert.deepEqual(fast, stack);
    for (const reason of ["FastLocal", "FastMasquerade"] as const) assert.ok(counted("fromPod", reason) >= 4, reason);
  });

  it("a packet that expires on the way is reported by the same hop, and the last one answers", async () => {
    const { stack, fast } = await both(() => ({ b: hops("b"), c: hops("c"), out: hops("out") }));
    assert.deepEqual(fast, stack);
    const { v4, v6 } = nodes.pod("c");
    assert.deepEqual([stack.c.v4.length, stack.c.v4.at(-1), stack.c.v6.at(-1)], [3, v4, v6]);
    assert.ok(counted("fromPod", "StackTtl") >= 6);
  });

  const hops = (to: "b" | "c" | "out"): Record<"v4" | "v6", string[]> => {
    const { v4, v6 } = targets()[to];
    const trace = (program: string, address: string): string[] =>
      nodes
        .inPod("a", `timeout 15 busybox ${program} -n -q 1 -w 2 -m 4 ${address} 2>/dev/null`)
        .split("\n")
        .flatMap((line) => /^\s*\d+\s+(\S+)/.exec(line)?.[1] ?? []);
    return { v4: trace("traceroute", v4), v6: trace("traceroute6", v6) };
  };

  it("a port that nobody listens on is reported to the sender, although packets without a state are dropped", async () => {
    const closed = plans({ port: CLOSED_PORT });
    const { stack, fast } = await both(() => failures(closed));
    assert.deepEqual(
      fast,
      closed.map(({ name, protocol, address }) =>
        protocol === "udp" ? `${name}: recvmsg ECONNREFUSED` : `${name}: connect ECONNREFUSED ${address}:${CLOSED_PORT}`,
      ),
    );
    assert.deepEqual(fast, stack);
    const { fromPod, fromNet } = counters();
    assert.ok(fromPod.FastLocal >= 8 && fromNet.FastFromNet >= 4 && fromNet.FastUnmasquerade >= 4, JSON.stringify({ fromPod, fromNet }));
  });

  it("packets in fragments arrive: pings and datagrams of 4000 bytes", async () => {
    switchOn();
    const datagrams = plans({ bytes: LARGE_BYTES }).filter(({ protocol }) => protocol === "udp");
    assert.deepEqual(await failures(datagrams), []);
    for (const { v4, v6 } of Object.values(targets()))
      for (const address of [v4, v6]) nodes.inPod("a", `busybox ping -c 2 -i 0.1 -W 2 -s ${LARGE_BYTES} ${address}`);
    assert.ok(counted("fromPod", "StackFragment") >= 2 * (3 + 3 * 2));
  });

  const smallRoutes = { "whose MTU is locked": ` mtu lock ${SMALL_MTU}`, "whose MTU may be found out": ` mtu ${SMALL_MTU}` };
  for (const [kind, smaller] of Object.entries(smallRoutes))
    it(`a route ${kind} is learnt by the sender, and neither datagrams nor segments stall`, async () => {
      switchOn();
      const route = (mtu: string): string =>
        [
          `ip route replace 10.201.2.0/24 via 10.200.0.2${mtu}; ip -6 route replace fd00:201:2::/48 via fd00:200::2${mtu}`,
          `ip route replace default via 10.200.0.254${mtu}; ip -6 route replace default via fd00:200::254${mtu}`,
        ].join("; ");
      const set = (mtu: string): void => {
        nodes.inNode(1, route(mtu));
        agents[0]?.reconcile({ kind: "leave" });
      };
      set(smaller);
      try {
        const far = plans({ bytes: BULK_BYTES }).filter(({ protocol, name }) => protocol === "tcp" && !name.endsWith(" b"));
        assert.deepEqual(await failures(far), []);
        for (const { protocol, address } of far) {
          assert.equal(protocol, "tcp");
          assert.match(nodes.inPod("a", `ip route get ${address}`), new RegExp(`mtu ${SMALL_MTU}`), address);
        }
        assert.ok(counted("fromPod", "StackTooBig") >= far.length);
        assert.ok(counted("fromPod", "FastMasquerade") > 10 && counted("fromPod", "FastRemote") > 10);
      } finally {
        set("");
        nodes.inPod("a", "ip route flush cache; ip -6 route flush cache");
      }
    });

  for (const sender of ["on", "off"])
    for (const uplink of ["on", "off"])
      it(`checksums are right at the receiver: offload of the sender ${sender}, of the uplink ${uplink}`, async () => {
        nodes.inPod("a", `ethtool -K eth0 tx ${sender}`);
        for (const node of [1, 2] as const) nodes.inNode(node, `ethtool -K eth0 tx ${uplink}`);
        switchOn();
        assert.deepEqual(await failures(plans()), []);
        for (const [pod, address] of Object.entries(targets()))
          for (const family of FAMILIES) nodes.inPod("a", `busybox ping -c 1 -W 2 ${address[family]} >&2 || (echo ${pod}; exit 1)`);
        assert.ok(counted("fromPod", "FastMasquerade") >= 8);
      });

  it("a UDP checksum that is not there stays so, towards pods and the outside", async () => {
    const zero = 'iptables -t mangle -A INPUT -p udp -m u32 --u32 "0>>22&0x3C@4&0xFFFF=0"';
    const { stack, fast } = await both(() =>
      Object.entries(targets()).map(([pod, { v4 }]) => {
        nodes.inPod(pod, `iptables -t mangle -F INPUT; ${zero}`);
        nodes.inPod("a", `${SEND_WITHOUT_CHECKSUM.replace("ADDRESS", v4)}; sleep 0.05`);
        return `${pod} ${packetsIn(nodes.inPod(pod, "iptables -t mangle -nvxL INPUT"))}`;
      }),
    );
    assert.deepEqual(fast, ["b 1", "c 1", "out 1"]);
    assert.deepEqual(fast, stack);
    assert.ok(counted("fromPod", "FastMasquerade") >= 1 && counted("fromPod", "FastLocal") >= 1);
  });

  it("a source address that is not the pod's never takes the fast path", () => {
    switchOn();
    const before = counters().fromPod;
    nodes.inPod("a", "ip addr add 10.201.1.99/32 dev eth0; ip addr add fd00:201:1::99/128 dev eth0 nodad");
    try {
      for (const { v4, v6 } of [nodes.pod("b"), nodes.pod("c"), OUTSIDE]) {
        nodes.inPod("a", `timeout 0.5 busybox ping -c 2 -i 0.1 -I 10.201.1.99 ${v4} || true`);
        nodes.inPod("a", `timeout 0.5 busybox ping -c 2 -i 0.1 -I fd00:201:1::99 ${v6} || true`);
      }
    } finally {
      nodes.inPod("a", "ip addr del 10.201.1.99/32 dev eth0; ip addr del fd00:201:1::99/128 dev eth0");
    }
    const now = counters().fromPod;
    assert.ok(now.StackSource - before.StackSource >= 12, `${now.StackSource} - ${before.StackSource}`);
    for (const reason of ["FastLocal", "FastRemote", "FastRemoteNeigh", "FastMasquerade"] as const)
      assert.equal(now[reason], before[reason], reason);
  });

  it("a node is afterwards as it was before: devices, addresses, routes, rules, queues, settings", async () => {
    const state = (): string[] =>
      nodes
        .inNode(
          1,
          "ip -o link; ip -o addr; ip route; ip -6 route; ip rule; ip -6 rule; tc qdisc; sysctl -a 2>/dev/null | grep ^net; iptables-save",
        )
        .split("\n")
        .filter((line) => !/^#|^:|count|expires|ignoring/.test(line));
    const before = state();
    switchOn();
    assert.deepEqual(await failures(plans()), []);
    off();
    assert.deepEqual(state(), before);
    assert.ok(before.length > 300, "there is something to compare");
  });
});

/** perl-base is part of every Debian; setsockopt 11 is SO_NO_CHECK. */
const SEND_WITHOUT_CHECKSUM =
  'perl -MSocket -e "socket(S, PF_INET, SOCK_DGRAM, 0); setsockopt(S, SOL_SOCKET, 11, 1); send(S, q(zero), 0, pack_sockaddr_in(9000, inet_aton(q(ADDRESS)))) or die"';

/** Rules that count arriving packets by how many hops they have left. */
function countHops(tables: string, match: "ttl" | "hl"): string {
  return [60, 61, 62, 63, 64]
    .map((left) => `${tables} -t mangle -A INPUT -p ${match === "ttl" ? "tcp" : "udp"} -m ${match} --${match}-eq ${left}`)
    .join("; ");
}

/** Values that were counted, per family. */
function hopsSeen(nodes: TwoNodes, pod: string): string {
  return ["iptables", "ip6tables"]
    .map((tables) => {
      const seen = nodes
        .inPod(pod, `${tables} -t mangle -nvxL INPUT`)
        .split("\n")
        .flatMap((line) => (/^\s*[1-9]\d* /.test(line) ? (/(?:TTL|HL) match .*== ?(\d+)/.exec(line)?.[1] ?? []) : []));
      return `${tables} ${seen.join(",")}`;
    })
    .join(" ");
}

function packetsIn(listing: string): number {
  return Number(/^\s*(\d+)\s+\d+\s+(?:udp|17)/m.exec(listing)?.[1]);
}
