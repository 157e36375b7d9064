import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { FlowTrace, FlowTuple, TracedDirection } from "@hostrouting/domain";
import { countedSince } from "../../services/node-agent/src/host-routing/counters.ts";
import { Datapath } from "../../services/node-agent/src/host-routing/datapath.ts";
import { KERNEL_LAYOUTS, type Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import type { KnownPod } from "../../services/node-agent/src/pods/watched-pods.ts";
import { traceFlow } from "../../services/node-agent/src/trace/trace-flow.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, SERVICES, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { exchangeAll, startEcho, startFlows, stopTraffic } from "./traffic.ts";

type Predicted = Reason | readonly Reason[];
/** `to`: an address that pod a sends to. `back`: what becomes of the answer, where there is one that this node sees. */
type Case = { name: string; to: string; protocol?: "tcp" | "udp"; port?: number; there: Predicted; back?: Predicted };

describe("a trace foretells what the next packet does", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  let datapath: Datapath;
  let nextPort = 41_000;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["a", "b", "c", "out"]) await startEcho(nodes, pod, PORT);
    nodes.addPod({ name: "d", node: 1, v4: "10.201.1.30", v6: "fd00:201:1::30" });
    await startEcho(nodes, "d", PORT);
    nodes.inNode(1, "ip route add blackhole 10.201.88.0/24");
    agent = nodes.agent(1);
    agent.datapath.setPods([{ ...unremarkable, name: "shop/d", addresses: ["10.201.1.30", "fd00:201:1::30"], stay: "OptOut" }]);
    agent.reconcile(on(1, 1));
    const [folder] = pinFolders(nodes.pinRoot(1));
    assert.ok(folder);
    datapath = Datapath.open(folder);
  });
  after(() => {
    stopTraffic();
    nodes.close();
    datapath.close();
  });

  const trace = (flow: FlowTuple, opening = false): FlowTrace => agent.run(() => traceFlow(datapath, { flow, opening }));
  const from = (to: string, port: number, protocol: "tcp" | "udp" = "udp"): FlowTuple => ({
    protocol,
    source: { address: to.includes(":") ? nodes.pod("a").v6 : nodes.pod("a").v4, port: nextPort++ },
    destination: { address: to, port },
  });

  const anyRemote: Predicted = ["FastRemote", "FastRemoteNeigh"];
  const service = SERVICES[0];
  const cases: Case[] = [
    { name: "a pod of the node", to: "10.201.1.3", there: "FastLocal", back: "FastLocal" },
    { name: "a pod of the node, IPv6", to: "fd00:201:1::3", there: "FastLocal", back: "FastLocal" },
    { name: "TCP to a pod of the node", to: "10.201.1.3", protocol: "tcp", there: "FastLocal", back: "FastLocal" },
    { name: "a pod of the other node", to: "10.201.2.2", there: anyRemote, back: "FastFromNet" },
    { name: "TCP to a pod of the other node, IPv6", to: "fd00:201:2::2", protocol: "tcp", there: anyRemote, back: "FastFromNet" },
    { name: "a Service", to: service.v4, there: "StackClass" },
    { name: "a Service, IPv6", to: service.v6, protocol: "tcp", there: "StackClass" },
    { name: "an address of the node's range that nobody has", to: "10.201.1.99", there: "StackNoEndpoint" },
    { name: "a pod range that routing refuses", to: "10.201.88.1", there: "StackRoute" },
    { name: "the node itself", to: "10.200.0.1", port: 9, there: "StackClass" },
    { name: "a pod that opted out", to: "10.201.1.30", there: "StackOptOut", back: "StackOptOut" },
    { name: "a pod that opted out, IPv6", to: "fd00:201:1::30", protocol: "tcp", there: "StackOptOut", back: "StackOptOut" },
  ];
  for (const { name, to, protocol = "udp", port = PORT, there, back } of cases)
    it(`to ${name}: ${[there].flat().join(" or ")}`, async () => {
      const flow = from(to, port, protocol);
      const before = datapath.counters();
      const traced = trace(flow, protocol === "tcp");
      const plan = { name, protocol, address: to, port, localPort: flow.source.port };
      await exchangeAll(nodes, "a", [plan]);
      const counted = countedSince(before, datapath.counters());
      const [going, coming] = reasonsOf(traced);
      assert.ok(going && [there].flat().includes(going), `foretold ${going}`);
      assert.ok(counted.fromPod[going] > 0, `foretold ${going}, counted ${JSON.stringify(counted.fromPod)}`);
      if (!back) return;
      const direction = coming === "FastFromNet" ? "fromNet" : "fromPod";
      assert.ok(coming && [back].flat().includes(coming), `foretold ${coming} for the answer`);
      assert.ok(counted[direction][coming] > 0, `foretold ${coming}, counted ${JSON.stringify(counted[direction])}`);
    });

  it("changes nothing: neither counters nor remembered flows", () => {
    const before = datapath.counters();
    const flow = from(nodes.pod("b").v4, PORT);
    for (let count = 0; count < TRACES; count++) assert.deepEqual(reasonsOf(trace(flow)), ["FastLocal", "FastLocal"]);
    assert.ok(countedSince(before, datapath.counters()).fromPod.FastLocal < TRACES, "pods' own packets may come in between");
    const { low_port: low, high_port: high } = KERNEL_LAYOUTS.hr_flow_key.members;
    const isIts = (key: Buffer): boolean => [low, high].some(({ offset }) => key.readUInt16BE(offset) === flow.source.port);
    const remembered = datapath.maps.hr_flows.keys().filter(isIts);
    assert.deepEqual(remembered, []);
  });

  it("shows a live flow's entry, and where it leads", async () => {
    const flow = from(nodes.pod("c").v4, PORT);
    const plan = { name: "live", protocol: "udp" as const, address: flow.destination.address, port: PORT, localPort: flow.source.port };
    const running = await startFlows(nodes, "a", [plan]);
    const [there, back] = trace(flow).directions as TracedDirection[];
    await running.finish();
    assert.partialDeepStrictEqual(there, { device: "la", role: "Pod", sourceCheck: "Own", addressClass: "Native", conntrack: "Unknown" });
    assert.ok(there?.flowAgeMs !== undefined && back?.flowAgeMs !== undefined);
    assert.partialDeepStrictEqual(there.route, { device: "eth0", mtuBytes: 1500 });
    assert.partialDeepStrictEqual(back, { device: "eth0", role: "Uplink", addressClass: "Native", endpoint: "la" });
  });

  it("shows a flow that began before the switch as conntrack's, and one that is not this node's as such", async () => {
    agent.reconcile({ kind: "off", atOnce: true });
    const flow = from(nodes.pod("b").v4, PORT, "tcp");
    const plan = { name: "old", protocol: "tcp" as const, address: flow.destination.address, port: PORT, localPort: flow.source.port };
    const running = await startFlows(nodes, "a", [plan]);
    agent.reconcile(on(2, 1));
    datapath.close();
    const [folder] = pinFolders(nodes.pinRoot(1));
    assert.ok(folder);
    datapath = Datapath.open(folder);
    const traced = trace(flow);
    await running.finish();
    assert.deepEqual(reasonsOf(traced), ["StackConntrack", "StackConntrack"]);
    assert.equal((traced.directions[0] as TracedDirection).conntrack, "Tracked");
    const elsewhere = trace({ ...flow, source: { address: "10.201.2.2", port: 1 }, destination: { address: "10.201.2.3", port: 2 } });
    assert.deepEqual(
      elsewhere.directions.map((direction) => "unseen" in direction && direction.unseen),
      ["NotHere", "NotHere"],
    );
  });

  for (const family of ["v4", "v6"] as const)
    it(`shows the translation of a flow to the outside once it has one, ${family}`, async () => {
      agent.reconcile(on(3, 1, { masquerade: masqueradeWish() }));
      const flow = from(OUTSIDE[family], PORT, "tcp");
      const before = trace(flow);
      const plan = { name: "out", protocol: "tcp" as const, address: OUTSIDE[family], port: PORT, localPort: flow.source.port };
      const running = await startFlows(nodes, "a", [plan]);
      const during = trace(flow);
      const [result] = await running.finish();
      assert.ok(result && result.answers > 0, JSON.stringify(result));
      assert.deepEqual(reasonsOf(before), ["FastMasquerade", "NotTranslatedYet"]);
      assert.deepEqual(reasonsOf(during), ["FastMasquerade", "FastUnmasquerade"]);
      const [there, back] = during.directions as TracedDirection[];
      const outer = { v4: "10.200.0.1", v6: "fd00:200::1" }[family];
      assert.equal(there?.translation?.address, outer);
      assert.deepEqual(back?.destination, { address: outer, port: there.translation.port });
      assert.partialDeepStrictEqual(back.translation, flow.source);
    });

  it("is a program beside the agent, which answers in JSON and fails with one sentence", () => {
    const run = (argument: string, pinRoot = nodes.pinRoot(1)): { status: number | null; stdout: string; stderr: string } =>
      spawnSync("nsenter", [`--net=${nodes.netns("n1")}`, process.execPath, PROGRAM, argument], {
        env: { BPF_PIN_ROOT: pinRoot },
        encoding: "utf8",
        timeout: PROGRAM_TIMEOUT_MS,
      });
    const flow = from(nodes.pod("b").v4, PORT);
    assert.deepEqual(JSON.parse(run(JSON.stringify({ flow, opening: false })).stdout), JSON.parse(JSON.stringify(trace(flow))));
    const absent = run(JSON.stringify({ flow, opening: false }), `${nodes.pinRoot(1)}-none`);
    assert.deepEqual(JSON.parse(absent.stdout), { protocol: "udp", mode: "Absent", directions: [] });
    for (const argument of ["", "{", JSON.stringify({ flow: { ...flow, source: { address: "no address", port: 1 } } })]) {
      const bad = run(argument);
      assert.deepEqual([bad.status, bad.stdout, bad.stderr.trimEnd().split("\n").length], [1, "", 1], bad.stderr);
    }
  });

  it("foretells the stack for what is new while the node drains", () => {
    agent.reconcile({ kind: "drain" });
    const traced = trace(from(nodes.pod("b").v4, PORT));
    assert.equal(traced.mode, "Drain");
    assert.deepEqual(reasonsOf(traced), ["StackMode", "StackMode"]);
  });
});

const TRACES = 200;
const PROGRAM = path.join(import.meta.dirname, "../../services/node-agent/src/trace/main.ts");
const PROGRAM_TIMEOUT_MS = 20_000;

const unremarkable: Omit<KnownPod, "name" | "addresses" | "stay"> = {
  namespace: "shop",
  hostNetwork: false,
  hostPorts: [],
  optOut: undefined,
  bandwidthLimited: false,
};

function reasonsOf({ directions }: FlowTrace): Reason[] {
  return directions.map((direction) => ("unseen" in direction ? direction.unseen : direction.reason) as Reason);
}
