import assert from "node:assert/strict";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { attachFilter, attachTcx, BpfObject, detachPinnedLink, NetlinkSocket, type BpfProgram } from "@hostrouting/bpf-loader";
import { effectiveMode } from "../../services/node-agent/src/host-routing/effective-mode.ts";
import { kernelAddress } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import type { Desired, Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import type { KnownPod } from "../../services/node-agent/src/pods/watched-pods.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { exchangeAll, isBroken, startEcho, startFlows, startIdle, stopTraffic, type FlowPlan, type FlowResult } from "./traffic.ts";

const OBJECT = path.join(import.meta.dirname, "../../bpf/build/host_routing.bpf.o");
/** How long flows run after a change. */
const PHASE_MS = 300;
/** One is enough, and a few where the flows run seldom. */
const LOOKS_MAX = 20;

describe("pods that stay on the stack", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  let generation = 0;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["a", "b", "c", "out"]) await startEcho(nodes, pod, PORT);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });
  afterEach(() => {
    agent.datapath.setPods(undefined);
    agent.reconcile({ kind: "off", atOnce: true });
    agent.datapath.close();
  });

  const switchOn = (): Observation => {
    agent = nodes.agent(1);
    return agent.reconcile(on(++generation, 1));
  };
  const look = (): Observation => agent.reconcile(on(generation, 1));
  const device = (seen: Observation, name: string): object | undefined => seen.devices.find((one) => one.name === name);
  const know = (pods: { name: string; addresses: string[]; stay?: KnownPod["stay"] }[]): Observation => {
    agent.datapath.setPods(pods.map(({ stay, ...pod }) => ({ ...unremarkable, ...pod, stay })));
    return look();
  };
  const addressesOf = (pod: string): string[] => [nodes.pod(pod).v4, nodes.pod(pod).v6];

  const rememberedFlows = (pod: string): number => {
    const flows = nodes.pinnedMap(1, "hr_flows");
    const theirs = addressesOf(pod).map((address) => kernelAddress(address).toString("hex"));
    const found = flows.keys().filter((key) => theirs.some((address) => key.toString("hex").includes(address)));
    flows.close();
    return found.length;
  };

  /** Both directions between a pod of this node and the others, by everything that can be fast. */
  async function everythingWorks(pod: string, others: string[]): Promise<void> {
    for (const other of others) {
      assert.deepEqual(await exchangeAll(nodes, pod, plansTo(nodes, other)), [null, null, null, null], `${pod} to ${other}`);
      assert.deepEqual(await exchangeAll(nodes, other, plansTo(nodes, pod)), [null, null, null, null], `${other} to ${pod}`);
      for (const address of addressesOf(other)) nodes.inPod(pod, `busybox ping -c 1 -W 2 ${address}`);
      for (const address of addressesOf(pod)) nodes.inPod(other, `busybox ping -c 1 -W 2 ${address}`);
    }
  }

  it("an opted-out pod talks with fast pods both ways, by the stack alone, and is fast again afterwards", async () => {
    const stayed = switchOn();
    assert.equal(effectiveMode(stayed).mode, "BpfVeth");
    const flows = [
      await startFlows(
        nodes,
        "a",
        ["b", "c"].flatMap((pod) => plansTo(nodes, pod)),
      ),
      await startFlows(nodes, "b", plansTo(nodes, "a")),
    ];
    const silent = await startIdle(
      nodes,
      "a",
      ["b", "c"].flatMap((pod) => plansTo(nodes, pod).filter(({ protocol }) => protocol === "tcp")),
    );
    const before = know([{ name: "shop/a", addresses: addressesOf("a"), stay: "OptOut" }]);
    assert.deepEqual(await silent.finish(), [null, null, null, null], "connections that were silent end like others");
    assert.partialDeepStrictEqual(device(before, "la"), { attached: true, reason: "OptOut", pod: "shop/a" });
    assert.equal(effectiveMode(before).mode, "BpfVeth");
    await everythingWorks("a", ["b", "c"]);
    const after = look();
    assert.equal(rememberedFlows("a"), 0, "a Service flow may come to have the ports of a remembered one");
    assert.ok(after.counters.fromPod.StackOptOut > before.counters.fromPod.StackOptOut + 10);
    assert.deepEqual(fastPackets(after), fastPackets(before), "no packet of the pod, in either direction, was fast");
    know([{ name: "shop/a", addresses: addressesOf("a") }]);
    await everythingWorks("a", ["b", "c"]);
    const again = look();
    assert.ok(again.counters.fromPod.FastLocal > after.counters.fromPod.FastLocal + 10);
    assert.deepEqual(device(again, "la"), { ...device(stayed, "la"), pod: "shop/a" });
    assert.deepEqual(await broken(flows), []);
  });

  it("a pod whose bandwidth is limited gets every packet through the queue of its device", async () => {
    nodes.inNode(1, "tc qdisc add dev la root tbf rate 100mbit burst 100k latency 50ms");
    switchOn();
    const queued = (): number => Number(/Sent \d+ bytes (\d+) pkt/.exec(nodes.inNode(1, "tc -s qdisc show dev la"))?.[1]);
    const flows = await startFlows(nodes, "b", plansTo(nodes, "a"));
    const unlimited = queued();
    await pause(PHASE_MS);
    assert.ok(queued() - unlimited < 10, "a redirected packet passes the queue by");
    assert.partialDeepStrictEqual(device(know([{ name: "shop/a", addresses: addressesOf("a"), stay: "BandwidthLimit" }]), "la"), {
      attached: true,
      reason: "BandwidthLimit",
    });
    const before = queued();
    for (let looks = 0; queued() - before <= 50 && looks < LOOKS_MAX; looks++) await pause(PHASE_MS);
    assert.ok(queued() - before > 50, `queued ${queued() - before}`);
    assert.deepEqual(await broken([flows]), []);
    nodes.inNode(1, "tc qdisc del dev la root");
  });

  it("a pod that leaves with translated flows takes them along, and so does an uplink", async () => {
    agent = nodes.agent(1);
    const order = (): Desired => on(generation, 1, { masquerade: masqueradeWish() });
    generation++;
    agent.reconcile(order());
    const plans = (["v4", "v6"] as const).map((family) => ({
      name: family,
      protocol: "tcp" as const,
      address: OUTSIDE[family],
      port: PORT,
    }));
    const flows = [await startFlows(nodes, "a", plans), await startFlows(nodes, "b", plans)];
    const translated = agent.reconcile(order());
    assert.ok(translated.counters.fromPod.FastMasquerade > 0 && translated.counters.fromNet.FastUnmasquerade > 0);
    foreignTcx(true);
    const left = agent.reconcile(order());
    assert.partialDeepStrictEqual(device(left, "lb"), { attached: false, reason: "ForeignTcxProgram" });
    await pause(PHASE_MS);
    assert.ok(agent.reconcile(order()).counters.fromPod.FastMasquerade > left.counters.fromPod.FastMasquerade, "the other pod's stay fast");
    foreignTcx(false);
    foreignFilter(true, "eth0");
    const bare = agent.reconcile(order());
    assert.equal(effectiveMode(bare).reason, "UplinkNotAttached");
    await pause(PHASE_MS);
    foreignFilter(false, "eth0");
    assert.equal(effectiveMode(agent.reconcile(order())).mode, "BpfVeth");
    await pause(PHASE_MS);
    assert.deepEqual(await broken(flows), []);
  });

  const later: [string, string, (there: boolean) => void][] = [
    ["tcx program", "ForeignTcxProgram", (there) => foreignTcx(there)],
    ["tc filter", "ForeignTcFilter", (there) => foreignFilter(there)],
  ];
  for (const [what, reason, place] of later)
    it(`a foreign ${what} that appears later takes that one pod to the stack, and no flow breaks`, async () => {
      switchOn();
      const flows = [
        await startFlows(
          nodes,
          "b",
          ["a", "c"].flatMap((pod) => plansTo(nodes, pod)),
        ),
        await startFlows(
          nodes,
          "a",
          ["b", "c"].flatMap((pod) => plansTo(nodes, pod)),
        ),
      ];
      place(true);
      const seen = look();
      assert.partialDeepStrictEqual(device(seen, "lb"), { attached: false, reason });
      assert.partialDeepStrictEqual(device(seen, "la"), { attached: true });
      assert.equal(effectiveMode(seen).mode, "BpfVeth");
      await everythingWorks("b", ["a", "c"]);
      assert.equal(rememberedFlows("b"), 0);
      assert.ok(look().counters.fromPod.StackNoEndpoint > seen.counters.fromPod.StackNoEndpoint + 10);
      place(false);
      const back = look();
      assert.partialDeepStrictEqual(device(back, "lb"), { attached: true });
      await everythingWorks("b", ["a", "c"]);
      assert.ok(look().counters.fromPod.FastLocal > back.counters.fromPod.FastLocal + 10);
      assert.deepEqual(await broken(flows), []);
    });

  const indexOf = (name: string): number => Number(nodes.inNode(1, `ip -o link show ${name}`).split(":")[0]);

  function foreignTcx(there: boolean): void {
    const pin = path.join(nodes.bpffs, "foreign");
    if (!there) return detachPinnedLink(pin);
    withForeignProgram((program) => attachTcx(program, { ifindex: indexOf("lb"), side: "Ingress" }, pin));
  }

  function foreignFilter(there: boolean, name = "lb"): void {
    if (!there) return void nodes.inNode(1, `tc qdisc del dev ${name} clsact`);
    withForeignProgram((program) => {
      const socket = NetlinkSocket.open();
      attachFilter(socket, program, { ifindex: indexOf(name), side: "Ingress" });
      socket.close();
    });
  }

  function withForeignProgram(work: (program: BpfProgram) => void): void {
    const object = BpfObject.load(OBJECT);
    try {
      agent.run(() => work(object.program("from_pod")));
    } finally {
      object.close();
    }
  }

  it("a pod on a bridge, and one whose address is behind its device, are named and work with fast pods", async () => {
    nodes.addPod({ name: "br", node: 1, v4: "10.201.1.20", v6: "fd00:201:1::20" });
    nodes.inNode(1, "ip link add br0 type bridge; ip link set br0 up; ip link set lbr master br0; ip addr del 169.254.23.1/32 dev lbr");
    nodes.inNode(1, "ip addr add 169.254.23.1/32 dev br0; ip addr add fe80::1/64 dev br0 nodad");
    nodes.inNode(1, "ip route replace 10.201.1.20/32 dev br0; ip -6 route replace fd00:201:1::20/128 dev br0 metric 1; sleep 0");
    nodes.inPod("br", "ip neigh flush all");
    nodes.addPod({ name: "vm", node: 1, v4: "10.201.1.21", v6: "fd00:201:1::21" });
    nodes.inPod("vm", "ip link add k6t type bridge; ip link set k6t up; ip addr flush dev eth0 scope global; ip link set eth0 master k6t");
    nodes.inPod("vm", "ip addr add 10.201.1.21/32 dev k6t; ip addr add fd00:201:1::21/128 dev k6t nodad; ip route flush dev eth0");
    nodes.inPod(
      "vm",
      "ip route add 169.254.23.1 dev k6t; ip route add default via 169.254.23.1; ip -6 route replace default via fe80::1 dev k6t",
    );
    for (const pod of ["br", "vm"]) await startEcho(nodes, pod, PORT);
    switchOn();
    const seen = know(["br", "vm"].map((pod) => ({ name: `shop/${pod}`, addresses: addressesOf(pod) })));
    assert.partialDeepStrictEqual(device(seen, "lbr"), { attached: false, reason: "Bridged", pod: "shop/br" });
    assert.partialDeepStrictEqual(device(seen, "lvm"), { attached: false, reason: "ForeignPeer", pod: "shop/vm" });
    assert.equal(effectiveMode(seen).mode, "BpfVeth");
    for (const pod of ["br", "vm"]) await everythingWorks(pod, ["a", "c"]);
    for (const pod of ["br", "vm"]) nodes.removePod(pod);
    nodes.inNode(1, "ip link del br0");
    assert.equal(device(look(), "lbr"), undefined);
  });
});

const unremarkable = { namespace: "shop", hostNetwork: false, hostPorts: [], optOut: undefined, bandwidthLimited: false };

function plansTo(nodes: TwoNodes, pod: string): FlowPlan[] {
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    (["v4", "v6"] as const).map((family) => ({
      name: `${protocol} ${family} to ${pod}`,
      protocol,
      address: nodes.pod(pod)[family],
      port: PORT,
    })),
  );
}

function fastPackets({ counters }: Observation): number[] {
  const { fromPod, fromNet } = counters;
  return [fromPod.FastLocal, fromPod.FastRemote + fromPod.FastRemoteNeigh, fromNet.FastFromNet];
}

async function broken(flows: { finish: () => Promise<FlowResult[]> }[]): Promise<FlowResult[]> {
  return (await Promise.all(flows.map((one) => one.finish()))).flat().filter(isBroken);
}
