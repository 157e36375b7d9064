import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { kernelAddress, kernelPrefix } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import { ADDRESS_CLASS, ENDPOINT_FLAG, Struct, type Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { ethernet, flowPacket, frame, ip, PROTOCOL, read, TCP_FLAG, turned, unreachable, type Flow, type Packet } from "./frames.ts";
import { NODE, ProgramRunner, u32, VERDICT } from "./program-runner.ts";

const FAMILIES = ["v4", "v6"] as const;
const A = { v4: "10.201.1.2", v6: "fd00:201:1::2" };
const B = { v4: "10.201.1.3", v6: "fd00:201:1::3" };
const C = { v4: "10.201.2.2", v6: "fd00:201:2::2" };
const OTHER_NODE = { v4: "10.200.0.2", v6: "fd00:200::2" };
const SERVICE = { v4: "10.96.0.10", v6: "fd00:96::10" };
/** Of this node's range, and no pod has it. */
const NOBODY = { v4: "10.201.1.99", v6: "fd00:201:1::99" };
/** A pod range to which the node has no route. */
const UNREACHABLE = { v4: "10.201.77.1", v6: "fd00:201:77::1" };
const ELSEWHERE = { v4: "192.0.2.7", v6: "2001:db8:7::7" };

type Family = (typeof FAMILIES)[number];

const flow = (from: string, to: string): Flow => ({ from, fromPort: 40_001, to, toPort: 53 });
const udp = (from: string, to: string, changes: Parameters<typeof flowPacket>[2] = {}): Packet =>
  flowPacket(flow(from, to), "udp", changes);
const big = { data: Buffer.alloc(1600) };
const raw = (packet: Omit<Packet, "from" | "to">, family: Family): Buffer => frame({ from: A[family], to: B[family], ...packet });
const payload = udp(A.v4, B.v4).payload ?? Buffer.alloc(0);
const quotedFrom = (from: string, to: string): Buffer => ip(udp(from, to));

describe("packet by packet", () => {
  let runner: ProgramRunner;

  before(() => {
    runner = new ProgramRunner();
    runner.nodes.inNode(1, "ip -6 route add unreachable fd00:201:77::/48");
  });
  after(() => runner.close());
  beforeEach(() => runner.forget());

  const left: [string, Reason, (family: Family) => Buffer][] = [
    ["TTL or hop limit 1", "StackTtl", (f) => frame(udp(A[f], B[f], { ttl: 1 }))],
    ["TTL or hop limit 1, to another node", "StackTtl", (f) => frame(udp(A[f], C[f], { ttl: 1 }))],
    ["another pod's source address", "StackSource", (f) => frame(udp(B[f], B[f]))],
    ["a source address of nobody", "StackSource", (f) => frame(udp(NOBODY[f], B[f]))],
    ["a Service", "StackClass", (f) => frame(udp(A[f], SERVICE[f]))],
    ["its own node", "StackClass", (f) => frame(udp(A[f], NODE[f]))],
    ["an address in no range", "StackClass", (f) => frame(udp(A[f], ELSEWHERE[f]))],
    ["an address of this node's range without a pod", "StackNoEndpoint", (f) => frame(udp(A[f], NOBODY[f]))],
    ["a pod range without a route", "StackRoute", (f) => frame(udp(A[f], UNREACHABLE[f]))],
    ["more than the device's MTU", "StackTooBig", (f) => frame(udp(A[f], B[f], big))],
    ["more than the route's MTU", "StackTooBig", (f) => frame(udp(A[f], C[f], big))],
    ["SCTP", "StackProtocol", (f) => raw({ protocol: 132, payload }, f)],
    ["ESP", "StackProtocol", (f) => raw({ protocol: 50, payload }, f)],
    ["a cut-off UDP header", "StackShort", (f) => raw({ protocol: PROTOCOL.udp, payload: payload.subarray(0, 4) }, f)],
    ["a cut-off TCP header", "StackShort", (f) => raw({ protocol: PROTOCOL.tcp, payload: payload.subarray(0, 12) }, f)],
    ["an error that quotes no fast flow", "StackIcmpError", (f) => frame(unreachable(A[f], B[f], quotedFrom(B[f], A[f])))],
    ["an error that quotes half a header", "StackShort", (f) => frame(unreachable(A[f], B[f], quotedFrom(B[f], A[f]).subarray(0, 12)))],
  ];
  for (const family of FAMILIES)
    for (const [name, reason, make] of left) it(`${family}: leaves ${name} to the stack, unchanged`, () => isLeft(make(family), reason));

  const leftOfOneFamily: [string, Reason, Buffer][] = [
    ["a first fragment", "StackFragment", raw({ fragment: 0x2000, payload }, "v4")],
    ["a later fragment", "StackFragment", raw({ fragment: 0x0010, payload }, "v4")],
    [
      "an IPv6 fragment",
      "StackFragment",
      raw({ protocol: PROTOCOL.fragment, payload: Buffer.concat([Buffer.from("1100000100000001", "hex"), payload]) }, "v6"),
    ],
    ["IPv4 options", "StackOptions", raw({ options: Buffer.from("94040000", "hex"), payload }, "v4")],
    ["hop-by-hop options", "StackOptions", raw({ protocol: 0, payload }, "v6")],
    ["a routing header", "StackOptions", raw({ protocol: 43, payload }, "v6")],
    ["destination options", "StackOptions", raw({ protocol: 60, payload }, "v6")],
    ["an authentication header", "StackOptions", raw({ protocol: 51, payload }, "v6")],
    ["neighbour solicitation", "StackProtocol", raw({ protocol: 58, payload: Buffer.from("8700000000000000", "hex") }, "v6")],
    ["a router's advertisement", "StackProtocol", raw({ protocol: 58, payload: Buffer.from("8600000000000000", "hex") }, "v6")],
    ["ARP", "StackNotIp", ethernet(0x0806, Buffer.alloc(28))],
    ["VLAN", "StackNotIp", ethernet(0x8100, Buffer.alloc(46))],
  ];
  for (const [name, reason, packet] of leftOfOneFamily) it(`leaves ${name} to the stack, unchanged`, () => isLeft(packet, reason));

  function isLeft(packet: Buffer, reason: Reason): void {
    const result = runner.fromPod(packet);
    assert.deepEqual([result.reason, result.verdict], [reason, VERDICT.unspec]);
    assert.deepEqual(result.packet, packet);
  }

  const fast: [string, Reason, (family: Family) => Packet][] = [
    ["UDP to a pod of the node", "FastLocal", (f) => udp(A[f], B[f])],
    ["TCP to a pod of the node", "FastLocal", (f) => flowPacket(flow(A[f], B[f]), "tcp", { tcpFlags: TCP_FLAG.syn })],
    ["echo to a pod of the node", "FastLocal", (f) => flowPacket(flow(A[f], B[f]), "icmp")],
    ["an answer to an echo", "FastLocal", (f) => flowPacket(turned(flow(B[f], A[f])), "icmp", { reply: true })],
  ];
  for (const family of FAMILIES)
    for (const [name, reason, make] of fast)
      it(`${family}: redirects ${name}, one hop on, to the pod's MAC`, () => {
        const packet = frame(make(family));
        const result = runner.fromPod(packet);
        assert.deepEqual([result.reason, result.verdict], [reason, VERDICT.redirect]);
        const seen = read(result.packet);
        assert.deepEqual([seen.ttl, seen.sums.every((sum) => sum === 0)], [63, true]);
        assert.equal(result.packet.toString("hex", 6, 12), runner.link("lb").mac.toString("hex"));
        assert.notEqual(result.packet.toString("hex", 0, 6), "000000000000");
        assert.deepEqual(seen.payload, read(packet).payload);
      });

  for (const family of FAMILIES) {
    it(`${family}: redirects an error that quotes a fast flow`, () => {
      runner.fromPod(frame(udp(A[family], B[family])));
      const result = runner.fromPod(frame(unreachable(B[family], A[family], quotedFrom(A[family], B[family]))), "lb");
      assert.deepEqual([result.reason, result.verdict], ["FastLocal", VERDICT.redirect]);
    });

    it(`${family}: sends to another node's pod, whether its neighbour is known or not`, () => {
      const results = ["permanent lladdr 02:00:00:00:00:09", "incomplete"].map((state) => {
        const isKnown = state.startsWith("permanent");
        const change = isKnown ? `replace ${OTHER_NODE[family]} ${state.slice(10)} nud permanent` : `del ${OTHER_NODE[family]}`;
        runner.nodes.inNode(1, `ip neigh ${change} dev eth0`);
        return runner.fromPod(frame(udp(A[family], C[family])));
      });
      assert.deepEqual(
        results.map(({ reason, verdict }) => [reason, verdict]),
        [
          ["FastRemote", VERDICT.redirect],
          ["FastRemoteNeigh", VERDICT.redirect],
        ],
      );
      assert.equal(results[0]?.packet.toString("hex", 0, 6), "020000000009");
    });

    it(`${family}: routes to another node's host as it is, and back, when its range is native`, () => {
      const range = kernelPrefix(`${OTHER_NODE[family]}/${family === "v4" ? 32 : 128}`);
      runner.datapath.maps.hr_ranges.update(range, u32(ADDRESS_CLASS.NATIVE));
      try {
        const there = runner.fromPod(frame(udp(A[family], OTHER_NODE[family])));
        assert.match(there.reason, /^FastRemote/);
        assert.equal(read(there.packet).from, A[family]);
        assert.equal(runner.fromNet(frame(udp(OTHER_NODE[family], A[family]))).reason, "FastFromNet");
      } finally {
        runner.datapath.maps.hr_ranges.delete(range);
      }
    });

    it(`${family}: a pod that opted out keeps the stack, both ways`, () => {
      const key = kernelAddress(A[family]);
      const endpoint = runner.datapath.maps.hr_endpoints.lookup(key);
      assert.ok(endpoint);
      runner.datapath.maps.hr_endpoints.update(
        key,
        new Struct("hr_endpoint", Buffer.from(endpoint)).set("flags", ENDPOINT_FLAG.OPT_OUT).bytes,
      );
      try {
        const reasons = [
          runner.fromPod(frame(udp(A[family], B[family]))),
          runner.fromPod(frame(udp(A[family], C[family]))),
          runner.fromPod(frame(udp(B[family], A[family])), "lb"),
          runner.fromNet(frame(udp(C[family], A[family]))),
        ].map(({ reason, verdict }) => [reason, verdict]);
        assert.deepEqual(
          reasons,
          Array.from({ length: 4 }, () => ["StackOptOut", VERDICT.unspec]),
        );
      } finally {
        runner.datapath.maps.hr_endpoints.update(key, endpoint);
      }
    });

    it(`${family}: takes in from other nodes' pods alone`, () => {
      const cases: [string, string, Reason][] = [
        ["another node's pod", C[family], "FastFromNet"],
        ["the outside", ELSEWHERE[family], "StackClass"],
        ["a forged address of an own pod", B[family], "StackClass"],
        ["a Service", SERVICE[family], "StackClass"],
      ];
      for (const [name, from, reason] of cases) assert.equal(runner.fromNet(frame(udp(from, A[family]))).reason, reason, name);
    });
  }
});
