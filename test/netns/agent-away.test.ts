import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { attachTcx, BpfObject, detachPinnedLink, queryTcx, watchNetwork } from "@hostrouting/bpf-loader";
import { kernelAddress } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import { Datapath } from "../../services/node-agent/src/host-routing/datapath.ts";
import { Struct } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { PinFolder, pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import { effectiveMode } from "../../services/node-agent/src/host-routing/effective-mode.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, TwoNodes } from "./two-nodes.ts";
import { exchangeOnce, isBroken, startEcho, startFlows, stopTraffic, type FlowPlan } from "./traffic.ts";
import path from "node:path";

const OBJECT = path.join(import.meta.dirname, "../../bpf/build/host_routing.bpf.o");
const FIRST = Buffer.alloc(4);
/** Until a switch is taken back: longer than a busy machine needs from the switch to the look at it, or to its confirmation. */
const CONFIRM_MS = 4000;
/** Offsets in `struct hr_control` (bpf/host-routing/maps.h). */
const MODE_OFFSET = 0;

describe("a node whose agent comes and goes", () => {
  let nodes: TwoNodes;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["b", "c"]) await startEcho(nodes, pod, PORT);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });
  afterEach(() => {
    const agent = nodes.agent(1);
    agent.reconcile({ kind: "off", atOnce: true });
  });

  const toPod = (name: string, protocol: "tcp" | "udp" = "tcp"): FlowPlan => ({
    name,
    protocol,
    address: nodes.pod(name).v4,
    port: PORT,
  });

  it("takes an unconfirmed switch back by itself, and no flow breaks", async () => {
    const agent = nodes.agent(1);
    const switched = agent.reconcile(on(3, 1, { confirmed: false, confirmMs: CONFIRM_MS }));
    assert.equal(switched.control?.mode, "On");
    assert.notEqual(switched.control?.deadlineNs, 0n);
    agent.datapath.close();
    const flows = await startFlows(nodes, "a", [toPod("b"), toPod("b", "udp"), toPod("c"), toPod("c", "udp")]);
    const control = nodes.pinnedMap(1, "hr_control");
    for (let waited = 0; waited < 300 && control.lookup(FIRST)?.readUInt32LE(MODE_OFFSET) !== 0; waited++) await pause(100);
    assert.equal(control.lookup(FIRST)?.readUInt32LE(MODE_OFFSET), 0);
    control.close();
    const results = await flows.finish();
    assert.deepEqual(results.filter(isBroken), []);
    const back = nodes.agent(1).reconcile({ kind: "leave" });
    assert.equal(effectiveMode(back).reason, "ConfirmMissed");
    assert.equal(nodes.agent(1).reconcile(on(3, 1)).control?.mode, "Off", "the same generation is not switched on again");
  });

  it("stops the timer when confirmed in time", async () => {
    const agent = nodes.agent(1);
    agent.reconcile(on(4, 1, { confirmed: false, confirmMs: CONFIRM_MS }));
    const confirmed = agent.reconcile(on(4, 1));
    assert.equal(confirmed.control?.deadlineNs, 0n);
    await pause(CONFIRM_MS);
    const later = agent.reconcile(on(4, 1));
    assert.equal(later.control?.mode, "On");
    assert.equal(later.control?.missed, false);
  });

  it("is adopted by the next agent without a gap", async () => {
    const agent = nodes.agent(1);
    agent.reconcile(on(5, 1));
    const flows = await startFlows(nodes, "a", [toPod("b"), toPod("c"), toPod("b", "udp")]);
    const before = agent.run(() => queryTcx({ ifindex: deviceIndex(nodes, "la"), side: "Ingress" }));
    agent.datapath.close();
    const next = nodes.agent(1);
    assert.ok(next.datapath.present);
    const seen = next.reconcile(on(5, 1));
    assert.equal(seen.switchedNow, false);
    assert.equal(effectiveMode(seen).mode, "BpfVeth");
    assert.deepEqual(
      next.run(() => queryTcx({ ifindex: deviceIndex(nodes, "la"), side: "Ingress" })),
      before,
    );
    const results = await flows.finish();
    assert.deepEqual(results.filter(isBroken), []);
  });

  it("is replaced by another version without a gap", async () => {
    const agent = nodes.agent(1);
    agent.reconcile(on(6, 1));
    const flows = await startFlows(nodes, "a", [toPod("b"), toPod("c"), toPod("b", "udp"), toPod("c", "udp")]);
    agent.datapath.close();
    const next = nodes.agent(1, { version: "ba9876543210" });
    const seen = next.reconcile(on(7, 1));
    assert.equal(effectiveMode(seen).mode, "BpfVeth");
    assert.deepEqual(
      pinFolders(nodes.pinRoot(1)).map(({ version }) => version),
      ["ba9876543210"],
    );
    assert.equal(next.run(() => queryTcx({ ifindex: deviceIndex(nodes, "la"), side: "Ingress" })).length, 1);
    const results = await flows.finish();
    assert.deepEqual(results.filter(isBroken), []);
  });

  it("does not send to the former owner of an address", async () => {
    const agent = nodes.agent(1);
    nodes.addPod({ name: "d", node: 1, v4: "10.201.1.9", v6: "fd00:201:1::9" });
    agent.reconcile(on(8, 1));
    agent.datapath.close();
    nodes.removePod("d");
    nodes.addPod({ name: "e", node: 1, v4: "10.201.1.9", v6: "fd00:201:1::9" });
    await startEcho(nodes, "e", PORT);
    // as if five seconds had passed since the agent's last sign of life
    const heartbeat = nodes.pinnedMap(1, "hr_heartbeat");
    heartbeat.update(FIRST, Buffer.alloc(8));
    heartbeat.close();
    for (const family of ["v4", "v6"] as const)
      assert.equal(await exchangeOnce(nodes, "a", { ...toPod("e", "udp"), address: nodes.pod("e")[family] }), null);
    const seen = nodes.agent(1).reconcile({ kind: "leave" });
    assert.ok(seen.counters.fromPod.StackStaleEndpoint >= 2);
    nodes.removePod("e");
  });

  it("stays away from a device that carries somebody else's program", () => {
    const agent = nodes.agent(1);
    const foreign = BpfObject.load(OBJECT);
    const pin = `${nodes.bpffs}/foreign`;
    agent.run(() => attachTcx(foreign.program("from_pod"), { ifindex: deviceIndex(nodes, "lb"), side: "Ingress" }, pin));
    try {
      const seen = agent.reconcile(on(9, 1));
      const device = seen.devices.find(({ name }) => name === "lb");
      assert.equal(device?.attached, false);
      assert.equal(device?.reason, "ForeignTcxProgram");
      assert.equal(agent.run(() => queryTcx({ ifindex: deviceIndex(nodes, "lb"), side: "Ingress" })).length, 1);
    } finally {
      detachPinnedLink(pin);
      foreign.close();
    }
    assert.equal(agent.reconcile(on(9, 1)).devices.find(({ name }) => name === "lb")?.attached, true);
  });

  it("follows pods that come and go", async () => {
    const agent = nodes.agent(1);
    agent.reconcile(on(10, 1));
    const changed = Promise.withResolvers<void>();
    const stop = agent.run(() => watchNetwork(() => changed.resolve()));
    nodes.addPod({ name: "f", node: 1, v4: "10.201.1.10", v6: "fd00:201:1::10" });
    await changed.promise;
    stop();
    agent.run(() => agent.datapath.follow());
    await startEcho(nodes, "f", PORT);
    const before = agent.reconcile(on(10, 1)).counters.fromPod.FastLocal;
    assert.equal(await exchangeOnce(nodes, "a", toPod("f")), null);
    assert.ok(agent.reconcile(on(10, 1)).counters.fromPod.FastLocal > before);
    nodes.removePod("f");
    agent.run(() => agent.datapath.follow());
    const endpoints = nodes.pinnedMap(1, "hr_endpoints");
    assert.equal(endpoints.lookup(kernelAddress("10.201.1.10")), undefined);
    assert.notEqual(endpoints.lookup(kernelAddress("10.201.1.3")), undefined);
    endpoints.close();
  });

  it("leaves nothing behind", () => {
    const agent = nodes.agent(1);
    for (let generation = 20; generation < 30; generation++) {
      assert.equal(effectiveMode(agent.reconcile(on(generation, 1))).mode, "BpfVeth");
      assert.equal(agent.reconcile({ kind: "off", atOnce: true }).control, undefined);
      assert.deepEqual(pinFolders(nodes.pinRoot(1)), []);
      for (const device of ["la", "lb", "eth0"])
        assert.deepEqual(
          agent.run(() => queryTcx({ ifindex: deviceIndex(nodes, device), side: "Ingress" })),
          [],
        );
    }
    assert.doesNotMatch(nodes.inNode(1, "ip -o link"), /hrt\d/);
  });

  it("uses clsact filters where there is no tcx", async () => {
    const agent = nodes.agent(1, { hook: "clsact" });
    const seen = agent.reconcile(on(40, 1));
    assert.equal(effectiveMode(seen).mode, "BpfVeth", JSON.stringify(seen.selfTest));
    assert.equal(await exchangeOnce(nodes, "a", toPod("b")), null);
    const later = agent.reconcile(on(40, 1));
    assert.ok(later.counters.fromPod.FastLocal > seen.counters.fromPod.FastLocal);
    assert.match(nodes.inNode(1, "tc filter show dev la ingress"), /from_pod/);
    agent.reconcile({ kind: "off", atOnce: true });
    assert.equal(nodes.inNode(1, "tc qdisc show dev la; tc filter show dev eth0 ingress").includes("clsact"), false);
  });

  it("takes clsact filters off devices too that are no uplinks any more", () => {
    const agent = nodes.agent(1, { hook: "clsact" });
    assert.equal(effectiveMode(agent.reconcile(on(41, 1))).mode, "BpfVeth");
    nodes.inNode(1, "ip link set eth0 down");
    agent.reconcile({ kind: "off", atOnce: true });
    nodes.inNode(1, "ip link set eth0 up; ip route add default via 10.200.0.254; ip route add 10.201.2.0/24 via 10.200.0.2");
    nodes.inNode(1, "ip -6 addr add fd00:200::1/64 dev eth0 nodad; ip -6 route add default via fd00:200::254");
    nodes.inNode(1, "ip -6 route add fd00:201:2::/48 via fd00:200::2");
    assert.equal(nodes.inNode(1, "tc filter show dev eth0 ingress; tc filter show dev eth0 egress"), "");
    assert.equal(effectiveMode(agent.reconcile(on(42, 1))).mode, "BpfVeth");
    agent.reconcile({ kind: "off", atOnce: true });
  });

  it("hands over every translated flow before an uplink loses its program to somebody else's, however many there are", () => {
    const agent = nodes.agent(1);
    const ordered = on(45, 1, { masquerade: masqueradeWish() });
    assert.equal(effectiveMode(agent.reconcile(ordered)).mode, "BpfVeth");
    const translated = nodes.pinnedMap(1, "hr_nat_out");
    const value = new Struct("hr_nat").set("address", kernelAddress("10.200.0.1")).set("seen_ns", process.hrtime.bigint());
    for (let count = 0; count < 6000; count += 1) {
      const port = Buffer.alloc(2);
      port.writeUInt16BE(2000 + count);
      const key = new Struct("hr_tuple").set("source", kernelAddress(nodes.pod("a").v4)).set("destination", kernelAddress(OUTSIDE.v4));
      key
        .set("source_port", port)
        .set("destination_port", Buffer.from([0, 53]))
        .set("protocol", 17);
      translated.update(key.bytes, value.set("port", port).bytes);
    }
    const foreign = BpfObject.load(OBJECT);
    const pin = `${nodes.bpffs}/foreign`;
    agent.run(() => attachTcx(foreign.program("from_pod"), { ifindex: deviceIndex(nodes, "eth0"), side: "Ingress" }, pin));
    const seen = agent.reconcile(ordered);
    detachPinnedLink(pin);
    foreign.close();
    assert.equal(effectiveMode(seen).reason, "UplinkNotAttached");
    const left = translated.keys().length;
    translated.close();
    assert.deepEqual([left, seen.handedOver.handedOver], [0, 6000]);
  });

  it("goes on with the version that carries packets when the next one was killed before it did", () => {
    const former = nodes.agent(1, { version: "aaaaaaaaaaaa" });
    former.reconcile(on(50, 1));
    former.datapath.close();
    former.run(() => {
      const carrying = Datapath.adopt(new PinFolder(nodes.pinRoot(1), "aaaaaaaaaaaa"));
      Datapath.load(new PinFolder(nodes.pinRoot(1), "bbbbbbbbbbbb"), OBJECT, { former: carrying }).close();
      carrying.close();
    });
    const next = nodes.agent(1, { version: "bbbbbbbbbbbb" });
    const seen = next.reconcile({ kind: "leave" });
    assert.deepEqual([seen.control?.mode, seen.control?.generation], ["On", 50]);
    assert.equal(effectiveMode(next.reconcile(on(51, 1))).mode, "BpfVeth");
    assert.deepEqual(
      pinFolders(nodes.pinRoot(1)).map(({ version }) => version),
      ["bbbbbbbbbbbb"],
    );
  });
});

function deviceIndex(nodes: TwoNodes, name: string): number {
  return Number(nodes.inNode(1, `ip -o link show ${name}`).split(":")[0]);
}
