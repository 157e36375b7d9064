import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { attachTcx, BpfObject, detachPinnedLink, queryTcx, watchNetwork } from "@hostrouting/bpf-loader";
import { kernelAddress } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import { pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import { effectiveMode } from "../../services/node-agent/src/host-routing/effective-mode.ts";
import { on, PORT, TwoNodes } from "./two-nodes.ts";
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
});

function deviceIndex(nodes: TwoNodes, name: string): number {
  return Number(nodes.inNode(1, `ip -o link show ${name}`).split(":")[0]);
}
