import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { kernelAddress, kernelPrefix } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import {
  ADDRESS_CLASS,
  ENDPOINT_FLAG,
  KERNEL_LAYOUTS,
  Struct,
  type Reason,
} from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import {
  flowPacket,
  fragments,
  frame,
  PROTOCOL,
  read,
  TCP_FLAG,
  turned,
  type Flow,
  type Packet,
  type Seen,
  type Transport,
} from "./frames.ts";
import { NODE, ProgramRunner, u32, VERDICT, type Run } from "./program-runner.ts";
import { OUTSIDE } from "./two-nodes.ts";

const FAMILIES = ["v4", "v6"] as const;
const A = { v4: "10.201.1.2", v6: "fd00:201:1::2" };
const B = { v4: "10.201.1.3", v6: "fd00:201:1::3" };
/** The only port to choose: whoever has it leaves none to others. */
const ONE_PORT = [[61_000, 61_000]] as const;
const SEEN_NS = KERNEL_LAYOUTS.hr_nat.members.seen_ns.offset;

type Family = (typeof FAMILIES)[number];
type Flags = Parameters<typeof flowPacket>[2];

const syn = { tcpFlags: TCP_FLAG.syn };
const fin = { tcpFlags: TCP_FLAG.fin | TCP_FLAG.ack };
const rst = { tcpFlags: TCP_FLAG.rst };
const flowOf = (family: Family, changes: Partial<Flow> = {}): Flow => ({
  from: A[family],
  fromPort: 40_001,
  to: OUTSIDE[family],
  toPort: 443,
  ...changes,
});

describe("masquerading: ports, ends and exceptions", () => {
  let runner: ProgramRunner;

  before(() => {
    runner = new ProgramRunner();
  });
  beforeEach(() => {
    runner.forget();
    runner.masquerade();
  });
  after(() => runner.close());

  const send = (flow: Flow, transport: Transport, flags?: Flags): Run =>
    runner.fromPod(frame(flowPacket(flow, transport, flags)), flow.from === A.v4 || flow.from === A.v6 ? "la" : "lb");
  const answer = (seen: Seen, transport: Transport, flags: Flags = {}): Run =>
    runner.fromNet(frame(flowPacket(turned(seen), transport, { reply: true, ...flags })));
  const portOf = (flow: Flow, transport: Transport, flags?: Flags): number => {
    const sent = send(flow, transport, flags);
    assert.equal(sent.reason, "FastMasquerade");
    return read(sent.packet).fromPort;
  };
  function isLeft(packet: Buffer, reason: Reason, device = "la"): void {
    const left = runner.fromPod(packet, device);
    assert.deepEqual([left.reason, left.verdict], [reason, VERDICT.unspec]);
    assert.deepEqual(left.packet, packet);
  }

  for (const family of FAMILIES) {
    it(`${family}: two thousand flows to one destination have as many ports`, () => {
      const ports = new Set<number>();
      let exhausted = 0;
      for (let port = 30_000; port < 32_000; port++) {
        const sent = send(flowOf(family, { fromPort: port }), "udp");
        if (sent.reason === "StackNoPort") exhausted++;
        else ports.add(read(sent.packet).fromPort);
      }
      assert.equal(ports.size + exhausted, 2000);
      // 2000 ports in all: 32 probes give up on a few of the last ones only
      assert.ok(exhausted < 40, `${exhausted} found none`);
    });

    it(`${family}: leaves a flow to the stack when no port is free, and nothing behind`, () => {
      runner.masquerade({ ranges: ONE_PORT });
      assert.equal(portOf(flowOf(family), "udp"), 61_000);
      isLeft(frame(flowPacket(flowOf(family, { from: B[family] }), "udp")), "StackNoPort", "lb");
      assert.equal(runner.outHalf(flowOf(family, { from: B[family] }), "udp"), undefined);
      assert.equal(portOf(flowOf(family, { from: B[family], toPort: 444 }), "udp"), 61_000);
    });

    it(`${family}: stays away from host ports`, () => {
      const bitmap = Buffer.alloc(KERNEL_LAYOUTS.hr_port_bitmap.size);
      bitmap.writeUInt8(1 << (61_000 % 8), Math.floor(61_000 / 8));
      runner.datapath.maps.hr_host_ports.update(u32(1), bitmap);
      runner.masquerade({ ranges: ONE_PORT });
      try {
        isLeft(frame(flowPacket(flowOf(family), "udp")), "StackNoPort");
        assert.equal(portOf(flowOf(family), "tcp", syn), 61_000);
      } finally {
        runner.datapath.maps.hr_host_ports.update(u32(1), Buffer.alloc(bitmap.length));
      }
    });

    it(`${family}: stays away from ports of which conntrack knows a flow to the same remote`, () => {
      listenOn("out", 443);
      // closed on both sides: no socket has the port, and conntrack remembers the flow, with a port of its own choice
      runner.nodes.inNode(1, `timeout 3 busybox nc ${OUTSIDE[family]} 443 </dev/null`);
      const known = runner
        .conntrack(family)
        .find(({ mark, reply }) => mark === 0 && reply.source === OUTSIDE[family] && reply.sourcePort === 443);
      assert.ok(known);
      const port = known.reply.destinationPort;
      runner.masquerade({ ranges: [[port, port]] });
      isLeft(frame(flowPacket(flowOf(family), "tcp", syn)), "StackNoPort");
      assert.equal(portOf(flowOf(family, { toPort: 444 }), "tcp", syn), port);
    });

    for (const transport of ["tcp", "udp"] as const)
      it(`${transport} ${family}: claims its port in conntrack, so that nobody else's NAT takes it`, () => {
        const port = portOf(flowOf(family, { toPort: 446 }), transport, syn);
        const claims = runner.conntrack(family).filter(({ original }) => original.destinationPort === 446);
        const found = claims.find(({ original }) => original.protocol === PROTOCOL[transport]);
        assert.deepEqual([found?.original.source, found?.original.sourcePort, found?.reply.destinationPort], [NODE[family], port, port]);
      });

    it(`${family}: the node's own translated connections never get a port that stands in for a pod's`, () => {
      runner.masquerade({ ranges: ONE_PORT });
      const [tables, node] = family === "v4" ? ["iptables", NODE.v4] : ["ip6tables", `[${NODE.v6}]`];
      const rule = `POSTROUTING -p udp -d ${OUTSIDE[family]} -j SNAT --to-source ${node}:61000-61001 --random-fully`;
      runner.nodes.inNode(1, `${tables} -t nat -I ${rule}`);
      // either of the two ports by chance, if nothing spoke against the first
      const remotePorts = [501, 502, 503, 504, 505, 506, 507, 508];
      for (const toPort of remotePorts) {
        assert.equal(portOf(flowOf(family, { toPort }), "udp"), 61_000);
        runner.nodes.inNode(1, `bash -c "echo x > /dev/udp/${OUTSIDE[family]}/${toPort}"`);
      }
      runner.nodes.inNode(1, `${tables} -t nat -D ${rule}`);
      const nodes = runner.conntrack(family).filter(({ mark, original }) => mark === 0 && remotePorts.includes(original.destinationPort));
      assert.deepEqual(
        nodes.map(({ reply }) => reply.destinationPort),
        remotePorts.map(() => 61_001),
      );
    });

    it(`${family}: stays away from ports on which the node listens`, () => {
      runner.masquerade({ ranges: [[61_001, 61_001]] });
      listenOn("n1", 61_001);
      isLeft(frame(flowPacket(flowOf(family, { toPort: 445 }), "tcp", syn)), "StackNoPort");
      runner.nodes.inNode(1, `busybox nc -w 1 127.0.0.1 61001 </dev/null >/dev/null 2>&1 || true`);
    });

    it(`${family}: a port is free again at once after a reset`, () => {
      runner.masquerade({ ranges: ONE_PORT });
      portOf(flowOf(family), "tcp", syn);
      const other = flowOf(family, { from: B[family] });
      isLeft(frame(flowPacket(other, "tcp", syn)), "StackNoPort", "lb");
      assert.equal(send(flowOf(family), "tcp", rst).reason, "FastMasquerade");
      assert.equal(portOf(other, "tcp", syn), 61_000);
      assert.equal(runner.outHalf(flowOf(family), "tcp"), undefined);
    });

    it(`${family}: a reset that the flow outlives was forged: its port stays its own`, () => {
      runner.masquerade({ ranges: ONE_PORT });
      const seen = read(send(flowOf(family), "tcp", syn).packet);
      assert.equal(answer(seen, "tcp", rst).reason, "FastUnmasquerade");
      assert.equal(portOf(flowOf(family), "tcp"), 61_000);
      isLeft(frame(flowPacket(flowOf(family, { from: B[family] }), "tcp", syn)), "StackNoPort", "lb");
    });

    it(`${family}: a port is free again when both sides have closed and a while has passed`, () => {
      runner.masquerade({ ranges: ONE_PORT });
      const first = read(send(flowOf(family), "tcp", syn).packet);
      answer(first, "tcp");
      send(flowOf(family), "tcp", fin);
      answer(first, "tcp", fin);
      const other = flowOf(family, { from: B[family] });
      isLeft(frame(flowPacket(other, "tcp", syn)), "StackNoPort", "lb");
      assert.equal(send(flowOf(family), "tcp").reason, "FastMasquerade");
      runner.masquerade({ ranges: ONE_PORT, closingNs: 0n });
      age("hr_nat_in");
      age("hr_nat_out");
      assert.equal(portOf(other, "tcp", syn), 61_000);
    });

    it(`${family}: the same tuple may come again at once, with its port`, () => {
      runner.masquerade({ ranges: ONE_PORT });
      portOf(flowOf(family), "tcp", syn);
      send(flowOf(family), "tcp", rst);
      assert.equal(portOf(flowOf(family), "tcp", syn), 61_000);
      assert.equal(runner.outHalf(flowOf(family), "tcp")?.number("flags"), 0);
    });

    it(`${family}: a flow goes on with its port though ranges and classes change`, () => {
      const seen = read(send(flowOf(family), "udp").packet);
      runner.masquerade({ ranges: ONE_PORT, enabled: false });
      const range = kernelPrefix(`${OUTSIDE[family]}/${family === "v4" ? 32 : 128}`);
      try {
        for (const kind of [ADDRESS_CLASS.STACK, ADDRESS_CLASS.NATIVE]) {
          runner.datapath.maps.hr_ranges.update(range, u32(kind));
          assert.equal(portOf(flowOf(family), "udp"), seen.fromPort);
        }
      } finally {
        runner.datapath.maps.hr_ranges.delete(range);
      }
    });

    const exceptions: [string, Reason, Packet, () => void][] = [
      ["masquerading is off", "StackMasqueradeOff", flowPacket(flowOf(family), "udp"), () => runner.masquerade({ enabled: false })],
      [
        "the uplink's address is not known",
        "StackNoAddress",
        flowPacket(flowOf(family), "udp"),
        () => runner.datapath.maps.hr_sources.update(u32(runner.link("eth0").index), Buffer.alloc(32)),
      ],
      ["it answers an echo", "StackConntrack", flowPacket(flowOf(family), "icmp", { reply: true }), () => undefined],
      ["its TTL ends here", "StackTtl", flowPacket(flowOf(family), "udp", { ttl: 1 }), () => undefined],
      ["it is over the MTU", "StackTooBig", flowPacket(flowOf(family), "udp", { data: Buffer.alloc(1600) }), () => undefined],
    ];
    for (const [name, reason, packet, arrange] of exceptions)
      it(`${family}: leaves a packet to the stack when ${name}`, () => {
        arrange();
        isLeft(frame(packet), reason);
        assert.deepEqual(runner.datapath.maps.hr_nat_out.keys(), []);
      });

    it(`${family}: a pod that opts out keeps what it has and begins nothing`, () => {
      const seen = read(send(flowOf(family), "udp").packet);
      const key = kernelAddress(A[family]);
      const endpoint = runner.datapath.maps.hr_endpoints.lookup(key);
      assert.ok(endpoint);
      runner.datapath.maps.hr_endpoints.update(
        key,
        new Struct("hr_endpoint", Buffer.from(endpoint)).set("flags", ENDPOINT_FLAG.OPT_OUT).bytes,
      );
      try {
        assert.equal(portOf(flowOf(family), "udp"), seen.fromPort);
        assert.equal(answer(seen, "udp").reason, "FastUnmasquerade");
        isLeft(frame(flowPacket(flowOf(family, { fromPort: 40_002 }), "udp")), "StackOptOut");
      } finally {
        runner.datapath.maps.hr_endpoints.update(key, endpoint);
      }
    });

    it(`${family}: an answer for a pod that is gone is left to the stack`, () => {
      const seen = read(send(flowOf(family), "udp").packet);
      const key = kernelAddress(A[family]);
      const endpoint = runner.datapath.maps.hr_endpoints.lookup(key);
      assert.ok(endpoint);
      runner.datapath.maps.hr_endpoints.delete(key);
      try {
        assert.equal(answer(seen, "udp").reason, "StackNoEndpoint");
      } finally {
        runner.datapath.maps.hr_endpoints.update(key, endpoint);
      }
    });

    for (const transport of ["udp", "icmp"] as const)
      it(`${transport} ${family}: fragments of a translated flow are translated, in both directions`, () => {
        const flow = flowOf(family);
        const seen = read(send(flow, transport).packet);
        const data = Buffer.alloc(1200, "fragment");
        const outward = fragments(flowPacket(flow, transport, { data }), 800).map((part) => runner.fromPod(frame(part)));
        assert.deepEqual(
          outward.map(({ reason }) => reason),
          ["FastMasquerade", "FastMasquerade"],
        );
        assert.deepEqual(
          outward.map(({ packet }) => read(packet).from),
          [NODE[family], NODE[family]],
        );
        const back = flowPacket(turned({ ...seen, toPort: flow.toPort }), transport, { data, reply: true });
        const inward = fragments(back, 800).map((part) => runner.fromNet(frame(part)));
        assert.deepEqual(
          inward.map(({ reason }) => reason),
          ["FastUnmasquerade", "FastUnmasquerade"],
        );
        assert.deepEqual(
          inward.map(({ packet }) => read(packet).to),
          [A[family], A[family]],
        );
        assert.equal(
          sumOfParts(
            inward.map(({ packet }) => packet),
            back,
            A[family],
          ),
          0,
        );
      });

    it(`${family}: fragments of no translated flow are left alone`, () => {
      for (const part of fragments(flowPacket(flowOf(family, { toPort: 9 }), "udp", { data: Buffer.alloc(1200) }), 808))
        isLeft(frame({ ...part, from: B[family] }), "StackFragment", "lb");
    });
  }

  it("collection removes what is silent both ways, and lone halves, and keeps the rest", () => {
    for (const fromPort of [40_001, 40_002, 40_003]) send(flowOf("v4", { fromPort }), "udp");
    const living = read(send(flowOf("v6"), "udp").packet);
    assert.deepEqual(collect(), { live: 4, removed: 0 });
    age("hr_nat_out");
    age("hr_nat_in", (key) => key.subarray(0, 16).equals(kernelAddress(OUTSIDE.v4)));
    const lone = runner.datapath.maps.hr_nat_out.keys().find((key) => key.subarray(0, 16).equals(kernelAddress(A.v4)));
    assert.ok(lone);
    runner.datapath.maps.hr_nat_out.delete(lone);
    assert.deepEqual(collect(), { live: 1, removed: 3 });
    assert.equal(runner.datapath.maps.hr_nat_out.keys().length, 1);
    assert.equal(answer(living, "udp").reason, "FastUnmasquerade");
  });

  it("tracing changes nothing and counts nothing", () => {
    const flow = flowOf("v4");
    const counted = runner.datapath.counters();
    const traced = runner.trace(frame(flowPacket(flow, "tcp", syn)), "la");
    assert.deepEqual(runner.datapath.counters(), counted);
    assert.deepEqual([runner.datapath.maps.hr_nat_out.keys(), runner.datapath.maps.hr_flows.keys()], [[], []]);
    assert.deepEqual([traced.number("reason"), traced.number("class")], [4, ADDRESS_CLASS.MASQUERADE]);
  });

  /** Starts a server for one connection, and returns when it listens. */
  function listenOn(namespace: string, port: number): void {
    const server = `timeout 20 busybox nc -l -p ${port} </dev/null >/dev/null 2>&1 &`;
    runner.nodes.inPod(
      namespace,
      `${server} for i in $(seq 100); do ss -Hltn sport = :${port} | grep -q . && exit 0; sleep 0.05; done; exit 1`,
    );
  }

  /** Makes halves look as if nothing had passed since the machine started. */
  function age(name: "hr_nat_out" | "hr_nat_in", which: (key: Buffer) => boolean = () => true): void {
    const map = runner.datapath.maps[name];
    for (const key of map.keys().filter(which)) {
      const value = map.lookup(key);
      assert.ok(value);
      value.writeBigUInt64LE(0n, SEEN_NS);
      map.update(key, value);
    }
  }

  function collect(): { live: number; removed: number } {
    const result = new Struct("hr_collection");
    runner.datapath.programs.collect.runSyscall(result.bytes);
    return { live: result.number("live"), removed: result.number("removed") };
  }
});

/** The transport checksum over a datagram put together from its fragments: 0 when it is right. */
function sumOfParts(parts: Buffer[], whole: Packet, to: string): number {
  const headerBytes = to.includes(":") ? 14 + 40 + 8 : 14 + 20;
  const payload = Buffer.concat(parts.map((part) => part.subarray(headerBytes)));
  return read(frame({ ...whole, to, payload })).sums[0] ?? -1;
}
