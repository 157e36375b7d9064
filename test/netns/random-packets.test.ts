import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { flowPacket, fragments, frame, ip, read, TCP_FLAG, turned, unreachable, type Flow, type Transport } from "./frames.ts";
import { ProgramRunner, VERDICT } from "./program-runner.ts";
import { OUTSIDE } from "./two-nodes.ts";

/** Per program and seed; a run takes about a quarter of a millisecond. */
const PACKETS = 5000;
/** Any number will do; a failure names it with the frame. */
const SEEDS = [1, 2] as const;
/** Fewer would mean that the packets do not get far. */
const REASONS_MIN = 10;
const ETHERNET_BYTES = 14;
const FRAME_BYTES_MAX = 1700;
/** Protocol numbers and next headers that lead somewhere: transports, extension headers, nonsense. */
const PROTOCOLS = [0, 1, 2, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132, 135, 255] as const;
/** An answer to a translated flow that the stack must handle gets the pod's address first; everything else that is left stays as it is. */
const TRANSLATED_FOR_STACK: ReadonlySet<string> = new Set(["StackTtl", "StackTooBig", "StackStaleEndpoint"]);

const A = { v4: "10.201.1.2", v6: "fd00:201:1::2" };
const PEERS = {
  v4: ["10.201.1.3", "10.201.2.2", "10.96.0.10", OUTSIDE.v4],
  v6: ["fd00:201:1::3", "fd00:201:2::2", "fd00:96::10", OUTSIDE.v6],
};
const TRANSPORTS = ["tcp", "udp", "icmp"] as const;

type Random = (below: number) => number;

describe("random packets", () => {
  let runner: ProgramRunner;

  before(() => {
    runner = new ProgramRunner();
    runner.masquerade();
  });
  after(() => runner.close());

  for (const seed of SEEDS) {
    it(`from pods, seed ${seed}: each is counted once, and redirected or left as it was`, () => {
      const random = randomNumbers(seed);
      const reasons = new Set<string>();
      const flows = families().flatMap(({ own, peers }) => peers.map((to): Flow => ({ from: own, fromPort: 40_001, to, toPort: 443 })));
      const seeds = flows.flatMap(framesOf);
      for (let count = 0; count < PACKETS; count++) {
        const packet = mutate(seeds[random(seeds.length)] ?? Buffer.alloc(0), random);
        const { verdict, reason, packet: out } = runner.fromPod(packet);
        reasons.add(reason);
        check({ packet, out, verdict, reason }, false);
      }
      assert.ok(reasons.size >= REASONS_MIN, [...reasons].join());
    });

    it(`from the network, seed ${seed}: each is counted once, and redirected or left as it was`, () => {
      const random = randomNumbers(seed);
      const reasons = new Set<string>();
      const direct = families().flatMap(({ own, peers }) => peers.map((from): Flow => ({ from, fromPort: 443, to: own, toPort: 40_001 })));
      const seeds = [...direct.flatMap(framesOf), ...answers(runner)];
      for (let count = 0; count < PACKETS; count++) {
        const packet = mutate(seeds[random(seeds.length)] ?? Buffer.alloc(0), random);
        const { verdict, reason, packet: out } = runner.fromNet(packet);
        reasons.add(reason);
        check({ packet, out, verdict, reason }, TRANSLATED_FOR_STACK.has(reason));
      }
      assert.ok(reasons.size >= REASONS_MIN, [...reasons].join());
    });
  }
});

function check(run: { packet: Buffer; out: Buffer; verdict: number; reason: string }, mayChange: boolean): void {
  const what = `${run.reason} ${run.verdict} ${run.packet.toString("hex")}`;
  const expected = run.reason.startsWith("Fast") ? VERDICT.redirect : run.reason.startsWith("Drop") ? VERDICT.drop : VERDICT.unspec;
  assert.equal(run.verdict, expected, what);
  if (run.verdict === VERDICT.unspec && !mayChange) assert.ok(run.out.equals(run.packet), what);
  if (run.verdict === VERDICT.redirect) assert.equal(run.out.length, run.packet.length, what);
}

function families(): { own: string; peers: string[] }[] {
  return (["v4", "v6"] as const).map((family) => ({ own: A[family], peers: PEERS[family] }));
}

/** One good packet of every kind: flows' beginnings, ends and answers, fragments, errors. */
function framesOf(flow: Flow): Buffer[] {
  const plain = TRANSPORTS.flatMap((transport) => [
    flowPacket(flow, transport),
    flowPacket(flow, transport, { tcpFlags: TCP_FLAG.syn, reply: true, data: Buffer.alloc(1300) }),
  ]);
  const error = (transport: Transport): Buffer => ip(flowPacket(turned(flow), transport));
  const parts = fragments(flowPacket(flow, "udp", { data: Buffer.alloc(1200) }), 800);
  return [...plain, ...parts, ...TRANSPORTS.map((transport) => unreachable(flow.from, flow.to, error(transport)))].map(frame);
}

/** What comes back to translated flows, errors and fragments among it. */
function answers(runner: ProgramRunner): Buffer[] {
  return families().flatMap(({ own, peers }) =>
    TRANSPORTS.flatMap((transport) => {
      const flow = { from: own, fromPort: 40_001, to: peers.at(-1) ?? "", toPort: 443 };
      const sent = runner.fromPod(frame(flowPacket(flow, transport, { tcpFlags: TCP_FLAG.syn })));
      assert.equal(sent.reason, "FastMasquerade");
      const seen = { ...read(sent.packet), ...(transport === "icmp" ? { toPort: 0 } : {}) };
      const back = flowPacket(turned(seen), transport, { reply: true, data: Buffer.alloc(1200) });
      return [back, ...fragments(back, 800), unreachable(flow.to, seen.from, sent.packet.subarray(ETHERNET_BYTES))].map(frame);
    }),
  );
}

/** A few bytes changed, the end cut off or more put behind, another protocol in a good place. */
function mutate(good: Buffer, random: Random): Buffer {
  const packet = Buffer.from(good);
  const v6 = packet.readUInt16BE(12) === 0x86dd;
  const headerBytes = v6 ? 40 : 20;
  // mostly in the headers, and one in twenty in the Ethernet type
  for (let count = random(4); count > 0; count--)
    packet.writeUInt8(random(256), Math.min(packet.length - 1, random(20) === 0 ? 12 + random(2) : ETHERNET_BYTES + random(100)));
  if (random(4) === 0) packet.writeUInt8(PROTOCOLS[random(PROTOCOLS.length)] ?? 0, ETHERNET_BYTES + (v6 ? 6 : 9));
  switch (random(6)) {
    case 0:
      // the kernel runs no IP packet whose IP header is cut off
      return packet.subarray(0, ETHERNET_BYTES + headerBytes + random(packet.length - ETHERNET_BYTES - headerBytes));
    case 1:
      return Buffer.concat([packet, Buffer.alloc(random(FRAME_BYTES_MAX - packet.length), random(256))]);
    default:
      return packet;
  }
}

/** Whole numbers from 0 up to `below`, the same for the same seed (mulberry32). */
function randomNumbers(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
