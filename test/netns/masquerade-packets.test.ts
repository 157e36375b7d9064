import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { kernelAddress } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import { flowPacket, frame, read, readIp, TCP_FLAG, turned, unreachable, type Flow, type Seen, type Transport } from "./frames.ts";
import { NODE, PORT_RANGES, ProgramRunner, VERDICT } from "./program-runner.ts";
import { OUTSIDE } from "./two-nodes.ts";

const FAMILIES = ["v4", "v6"] as const;
const TRANSPORTS = ["tcp", "udp", "icmp"] as const;
const A = { v4: "10.201.1.2", v6: "fd00:201:1::2" };
/** Some router between the node and the outside. */
const ROUTER = { v4: "198.51.100.1", v6: "2001:db8:1::1" };
/** Behind the ICMP header of an error and the IP header that it quotes. */
const QUOTE_AT = 8;

type Family = (typeof FAMILIES)[number];

const flowOf = (family: Family, transport: Transport, fromPort = 40_001): Flow => ({
  from: A[family],
  fromPort,
  to: OUTSIDE[family],
  toPort: transport === "icmp" ? 0 : 443,
});
const opening = (transport: Transport): { tcpFlags?: number } => (transport === "tcp" ? { tcpFlags: TCP_FLAG.syn } : {});
const isGood = (seen: Seen): boolean => seen.sums.every((sum) => sum === 0);
const inRanges = (port: number): boolean => PORT_RANGES.some(([first, last]) => port >= first && port <= last);

describe("masquerading, packet by packet", () => {
  let runner: ProgramRunner;

  before(() => {
    runner = new ProgramRunner();
  });
  beforeEach(() => {
    runner.forget();
    runner.masquerade();
  });
  after(() => runner.close());

  /** Sends the first packet of a flow and answers it as the outside sees it. */
  function open(flow: Flow, transport: Transport): Seen {
    const sent = runner.fromPod(frame(flowPacket(flow, transport, opening(transport))));
    assert.equal(sent.reason, "FastMasquerade");
    assert.equal(sent.verdict, VERDICT.redirect);
    return read(sent.packet);
  }
  const seenFlow = (seen: Seen, transport: Transport): Flow => ({
    from: seen.from,
    fromPort: seen.fromPort,
    to: seen.to,
    toPort: transport === "icmp" ? 0 : seen.toPort,
  });
  const answerTo = (seen: Seen, transport: Transport, changes: Parameters<typeof flowPacket>[2] = {}): Buffer =>
    frame(flowPacket(turned(seenFlow(seen, transport)), transport, { reply: true, ...changes }));

  for (const family of FAMILIES)
    for (const transport of TRANSPORTS) {
      const flow = flowOf(family, transport);

      it(`${transport} ${family}: goes out with the node's address and comes back to the pod`, () => {
        const out = open(flow, transport);
        assert.deepEqual([out.from, out.to, out.ttl], [NODE[family], OUTSIDE[family], 63]);
        assert.ok(inRanges(out.fromPort), `port ${out.fromPort}`);
        assert.ok(isGood(out), `sums ${out.sums.join()}`);
        if (transport !== "icmp") assert.equal(out.toPort, 443);

        const back = runner.fromNet(answerTo(out, transport));
        assert.deepEqual([back.reason, back.verdict], ["FastUnmasquerade", VERDICT.redirect]);
        const seen = read(back.packet);
        assert.deepEqual([seen.from, seen.to, seen.ttl, seen.toPort], [OUTSIDE[family], A[family], 63, flow.fromPort]);
        assert.ok(isGood(seen), `sums ${seen.sums.join()}`);
        assert.equal(back.packet.toString("hex", 6, 12), runner.link("la").mac.toString("hex"));
      });

      it(`${transport} ${family}: has a pair, and keeps its port`, () => {
        const out = open(flow, transport);
        const outward = runner.outHalf(flow, transport);
        const inward = runner.inHalf(turned(seenFlow(out, transport)), transport);
        assert.deepEqual(outward?.bytes.subarray(0, 16), kernelAddress(NODE[family]));
        assert.equal(outward.bytes.readUInt16BE(16), out.fromPort);
        assert.deepEqual(inward?.bytes.subarray(0, 16), kernelAddress(A[family]));
        assert.equal(inward.bytes.readUInt16BE(16), flow.fromPort);
        assert.equal(read(runner.fromPod(frame(flowPacket(flow, transport))).packet).fromPort, out.fromPort);
      });

      it(`${transport} ${family}: an error from outside reaches the pod, about the packet that the pod sent`, () => {
        const sent = runner.fromPod(frame(flowPacket(flow, transport, opening(transport)))).packet;
        const error = frame(unreachable(ROUTER[family], NODE[family], sent.subarray(14)));
        const back = runner.fromNet(error);
        assert.deepEqual([back.reason, back.verdict], ["FastUnmasquerade", VERDICT.redirect]);
        const outer = read(back.packet);
        assert.deepEqual([outer.from, outer.to], [ROUTER[family], A[family]]);
        const quoted = readIp(outer.payload.subarray(QUOTE_AT));
        assert.deepEqual([quoted.from, quoted.fromPort, quoted.to], [flow.from, flow.fromPort, flow.to]);
        assert.deepEqual([outer.sums.every((sum) => sum === 0), isGood(quoted)], [true, true]);
      });

      it(`${transport} ${family}: a pod's error about an answer goes out as the node's`, () => {
        if (transport === "icmp") return; // nobody sends an error about an echo's answer; requests are quoted above
        const back = runner.fromNet(answerTo(open(flow, transport), transport)).packet;
        const out = runner.fromPod(frame(unreachable(A[family], OUTSIDE[family], back.subarray(14))));
        assert.deepEqual([out.reason, out.verdict], ["FastMasquerade", VERDICT.redirect]);
        const outer = read(out.packet);
        const quoted = readIp(outer.payload.subarray(QUOTE_AT));
        const port = runner.outHalf(flow, transport)?.bytes.readUInt16BE(16);
        assert.deepEqual([outer.from, quoted.to, quoted.toPort], [NODE[family], NODE[family], port]);
        assert.deepEqual([isGood(outer), isGood(quoted)], [true, true]);
      });

      for (const mode of ["Drain", "Off"] as const)
        it(`${transport} ${family}: goes on in mode ${mode}, and nothing new begins`, () => {
          const out = open(flow, transport);
          try {
            if (mode === "Drain") runner.datapath.drain();
            else runner.datapath.switchOff();
            assert.equal(read(runner.fromPod(frame(flowPacket(flow, transport))).packet).fromPort, out.fromPort);
            assert.equal(runner.fromNet(answerTo(out, transport)).reason, "FastUnmasquerade");
            const other = frame(flowPacket(flowOf(family, transport, 40_002), transport, opening(transport)));
            const left = runner.fromPod(other);
            assert.deepEqual([left.reason, left.verdict, left.packet], ["StackMode", VERDICT.unspec, other]);
          } finally {
            runner.datapath.switchOn(1, 0);
          }
        });

      for (const lost of ["hr_nat_out", "hr_nat_in"] as const)
        it(`${transport} ${family}: is repaired with the same port when ${lost} is lost`, () => {
          const out = open(flow, transport);
          for (const key of runner.datapath.maps[lost].keys()) runner.datapath.maps[lost].delete(key);
          if (lost === "hr_nat_in") ageHalf(runner, "hr_nat_out");
          assert.equal(read(runner.fromPod(frame(flowPacket(flow, transport))).packet).fromPort, out.fromPort);
          assert.equal(runner.fromNet(answerTo(out, transport)).reason, "FastUnmasquerade");
        });

      it(`${transport} ${family}: comes back with the same port when both halves are lost`, () => {
        const out = open(flow, transport);
        runner.forget();
        assert.equal(read(runner.fromPod(frame(flowPacket(flow, transport))).packet).fromPort, out.fromPort);
      });

      it(`${transport} ${family}: an answer restores the pod's half`, () => {
        const out = open(flow, transport);
        for (const key of runner.datapath.maps.hr_nat_out.keys()) runner.datapath.maps.hr_nat_out.delete(key);
        assert.equal(runner.fromNet(answerTo(out, transport)).reason, "FastUnmasquerade");
        assert.equal(runner.outHalf(flow, transport)?.bytes.readUInt16BE(16), out.fromPort);
      });
    }

  it("udp v4: a checksum that is left out stays so, both ways", () => {
    const flow = flowOf("v4", "udp");
    const sent = runner.fromPod(frame(flowPacket(flow, "udp", { checksum: false })));
    const out = read(sent.packet);
    assert.equal(out.payload.readUInt16BE(6), 0);
    const back = runner.fromNet(answerTo(out, "udp", { checksum: false }));
    assert.deepEqual([back.reason, read(back.packet).payload.readUInt16BE(6)], ["FastUnmasquerade", 0]);
    assert.equal(read(back.packet).to, A.v4);
  });

  for (const family of FAMILIES)
    it(`${family}: an answer with TTL 1 goes to the stack, with the pod's address`, () => {
      const out = open(flowOf(family, "udp"), "udp");
      const left = runner.fromNet(answerTo(out, "udp", { ttl: 1 }));
      const seen = read(left.packet);
      assert.deepEqual([left.reason, left.verdict, seen.to, seen.ttl], ["StackTtl", VERDICT.unspec, A[family], 1]);
      assert.ok(isGood(seen));
    });

  for (const family of FAMILIES)
    for (const transport of ["tcp", "udp"] as const)
      it(`${transport} ${family}: an answer whose half is lost is dropped, not refused by the node, until the pod's next packet`, () => {
        const flow = flowOf(family, transport);
        const out = open(flow, transport);
        runner.forget();
        const lost = runner.fromNet(answerTo(out, transport));
        assert.deepEqual([lost.reason, lost.verdict], ["DropHalfLost", VERDICT.drop]);
        // nobody mends a half that is lost in a drain: there the stack has the last word
        runner.datapath.drain();
        assert.equal(runner.fromNet(answerTo(out, transport)).reason, "StackHost");
        runner.datapath.switchOn(1, 0);
        assert.equal(read(runner.fromPod(frame(flowPacket(flow, transport))).packet).fromPort, out.fromPort);
        assert.equal(runner.fromNet(answerTo(out, transport)).reason, "FastUnmasquerade");
      });

  for (const family of FAMILIES)
    for (const transport of ["tcp", "udp"] as const)
      it(`${transport} ${family}: an answer that is dropped makes the pod's next packet look at the other half, however fresh its own`, () => {
        const flow = flowOf(family, transport);
        const out = open(flow, transport);
        assert.equal(runner.fromNet(answerTo(out, transport)).reason, "FastUnmasquerade");
        for (const key of runner.datapath.maps.hr_nat_in.keys()) runner.datapath.maps.hr_nat_in.delete(key);
        assert.equal(runner.fromNet(answerTo(out, transport)).reason, "DropHalfLost");
        assert.equal(read(runner.fromPod(frame(flowPacket(flow, transport))).packet).fromPort, out.fromPort);
        assert.equal(runner.fromNet(answerTo(out, transport)).reason, "FastUnmasquerade");
      });

  for (const family of FAMILIES)
    it(`${family}: what comes for the node itself is left alone`, () => {
      const out = open(flowOf(family, "udp"), "udp");
      const strangers: [string, Flow][] = [
        ["another remote port", { from: out.to, fromPort: 444, to: out.from, toPort: out.fromPort }],
        ["another remote address", { from: ROUTER[family], fromPort: 443, to: out.from, toPort: out.fromPort }],
        ["a port outside the ranges", { from: out.to, fromPort: 443, to: out.from, toPort: 22 }],
      ];
      for (const [name, flow] of strangers) {
        const packet = frame(flowPacket(flow, "udp"));
        const left = runner.fromNet(packet);
        assert.deepEqual([left.reason, left.verdict, left.packet], ["StackHost", VERDICT.unspec, packet], name);
      }
    });
});

/** Makes a half look as if nothing had passed for a while: the next packet looks at the other half. */
function ageHalf(runner: ProgramRunner, name: "hr_nat_out" | "hr_nat_in"): void {
  const map = runner.datapath.maps[name];
  for (const key of map.keys()) {
    const value = map.lookup(key);
    assert.ok(value);
    value.writeBigUInt64LE(0n, 24);
    map.update(key, value);
  }
}
