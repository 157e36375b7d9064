import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { writeDenials } from "../../services/node-agent/src/host-routing/kernel-denials.ts";
import { kernelAddress } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import { ENDPOINT_FLAG, Struct } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { denyTable, type DenyRule } from "../../services/node-agent/src/policy/deny-table.ts";
import { flowPacket, fragments, frame, PROTOCOL, TCP_FLAG, turned, unreachable, ip, type Flow, type Packet } from "./frames.ts";
import { ProgramRunner, VERDICT } from "./program-runner.ts";

const FAMILIES = ["v4", "v6"] as const;
type Family = (typeof FAMILIES)[number];

const A = { v4: "10.201.1.2", v6: "fd00:201:1::2" };
const C = { v4: "10.201.2.2", v6: "fd00:201:2::2" };
const NOBODY = { v4: "10.201.1.99", v6: "fd00:201:1::99" };
/** Denied are TCP ports 80 and 8000 to 8099, and SCTP port 80. */
const GUARDED = { v4: "203.0.113.16", v6: "2001:db8:113::16" };
/** Its neighbour, of which the rules say nothing. */
const FREE = { v4: "203.0.113.17", v6: "2001:db8:113::17" };
/** Nothing at all may go there; a part of it is denied by a narrower range too. */
const CLOSED = { v4: "192.0.2.7", v6: "2001:db8:2::7" };
const CLOSED_PART = { v4: "192.0.2.130", v6: "2001:db8:2:8000::130" };
/** UDP port 53 is denied in the whole family. */
const ANYWHERE = { v4: "198.18.0.1", v6: "2001:db8:ffff::1" };

const tcp = (first: number, last = first) => ({ protocol: "TCP", first, last }) as const;
const RULES: DenyRule[] = [
  { ranges: ["203.0.113.16/32", "2001:db8:113::16/128"], ports: [tcp(80), tcp(8000, 8099), { protocol: "SCTP", first: 80, last: 80 }] },
  { ranges: ["192.0.2.0/24", "2001:db8:2::/48"], ports: [{ protocol: "Any", first: 0, last: 65_535 }] },
  { ranges: ["192.0.2.128/25", "2001:db8:2:8000::/49"], ports: [tcp(443)] },
  { ranges: ["0.0.0.0/0", "::/0"], ports: [{ protocol: "UDP", first: 53, last: 53 }] },
];

const flow = (to: string, toPort: number, from: string): Flow => ({ from, fromPort: 40_001, to, toPort });

describe("what policies deny", () => {
  let runner: ProgramRunner;

  before(() => {
    runner = new ProgramRunner();
    runner.masquerade();
  });
  after(() => runner.close());
  beforeEach(() => {
    runner.forget();
    deny(RULES);
  });

  function deny(rules: readonly DenyRule[]): void {
    const worked = denyTable(rules);
    assert.ok("table" in worked);
    writeDenials(runner.datapath, worked.table);
  }

  const to = (address: Record<Family, string>, port: number, transport: "tcp" | "udp" | "icmp" = "tcp") => {
    return (family: Family): Packet => flowPacket(flow(address[family], port, A[family]), transport, { tcpFlags: TCP_FLAG.syn });
  };
  const raw = (address: Record<Family, string>, protocol: number, port: number) => {
    const payload = Buffer.alloc(32);
    payload.writeUInt16BE(port, 2);
    return (family: Family): Packet => ({ from: A[family], to: address[family], protocol, payload });
  };

  const denied: [string, (family: Family) => Packet][] = [
    ["a port", to(GUARDED, 80)],
    ["a port's established connection", (f) => flowPacket(flow(GUARDED[f], 80, A[f]), "tcp")],
    ["the first port of a range", to(GUARDED, 8000)],
    ["the last port of a range", to(GUARDED, 8099)],
    ["SCTP's port", raw(GUARDED, 132, 80)],
    ["a port, from an address that is nobody's", (f) => flowPacket(flow(GUARDED[f], 80, NOBODY[f]), "tcp")],
    ["everything: TCP", to(CLOSED, 1)],
    ["everything: UDP", to(CLOSED, 65_535, "udp")],
    ["everything: echo", to(CLOSED, 0, "icmp")],
    ["everything: a protocol without ports", raw(CLOSED, 47, 0)],
    ["what a wider range denies, where a narrower one says less", to(CLOSED_PART, 80)],
    ["what the whole family is denied", to(ANYWHERE, 53, "udp")],
    ["what the whole family is denied, to a pod", to(C, 53, "udp")],
    ["what the whole family is denied, where a narrower range says something else", to(GUARDED, 53, "udp")],
  ];
  for (const family of FAMILIES) for (const [name, make] of denied) it(`${family}: drops ${name}`, () => isDropped(frame(make(family))));

  const allowed: [string, (family: Family) => Packet][] = [
    ["another port", to(GUARDED, 81)],
    ["the port below a range", to(GUARDED, 7999)],
    ["the port above a range", to(GUARDED, 8100)],
    ["another protocol", to(GUARDED, 80, "udp")],
    ["an echo", to(GUARDED, 80, "icmp")],
    ["the address beside it", to(FREE, 80)],
    ["an answer to an echo", (f) => flowPacket(turned(flow(A[f], 7, CLOSED[f])), "icmp", { reply: true })],
    ["an error", (f) => unreachable(A[f], CLOSED[f], ip(flowPacket(flow(A[f], 80, CLOSED[f]), "udp")))],
  ];
  for (const family of FAMILIES) for (const [name, make] of allowed) it(`${family}: lets ${name} go`, () => isLet(frame(make(family))));

  it("lets neighbour discovery go, whatever is denied", () => {
    for (const type of [130, 133, 135, 136, 143])
      isLet(frame({ from: A.v6, to: CLOSED.v6, protocol: 58, payload: Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]) }));
  });

  const syn = to(GUARDED, 80);
  const other = to(GUARDED, 81);
  const extension = (kind: number, packet: Packet, units = 0): Packet => ({
    ...packet,
    protocol: kind,
    payload: Buffer.concat([
      Buffer.from([packet.protocol ?? 0, units]),
      Buffer.alloc(6 + units * (kind === 51 ? 4 : 8)),
      packet.payload ?? Buffer.alloc(0),
    ]),
  });
  const headers = (kinds: readonly number[], packet: Packet): Packet =>
    kinds.reduceRight((inner, kind) => extension(kind, inner, kind === 51 ? 0 : 1), packet);

  const disguises: [string, (packet: Packet) => Packet, Family][] = [
    ["IPv4 options", (packet) => ({ ...packet, options: Buffer.from("94040000", "hex") }), "v4"],
    ["the most options that there can be", (packet) => ({ ...packet, options: Buffer.alloc(40, 1) }), "v4"],
    ["hop-by-hop options", (packet) => headers([0], packet), "v6"],
    ["a routing header", (packet) => headers([43], packet), "v6"],
    ["an authentication header", (packet) => headers([51], packet), "v6"],
    ["every extension header", (packet) => headers([0, 60, 43, 51, 60], packet), "v6"],
    ["a first fragment behind another header", (packet) => headers([60], fragments(packet, 24)[0]), "v6"],
    ["a TTL that expires", (packet) => ({ ...packet, ttl: 1 }), "v4"],
  ];
  for (const [name, disguise, family] of disguises) {
    it(`${name} hide nothing`, () => isDropped(frame(disguise(syn(family)))));
    if (name.startsWith("a first")) continue;
    it(`${name} do not keep another port from being reached`, () => isLet(frame(disguise(other(family)))));
  }

  it("drops what does not show its port: cut off, or behind too many headers", () => {
    deny(RULES.slice(0, 1));
    const cut = (family: Family): Packet => ({ ...syn(family), payload: Buffer.alloc(2) });
    for (const family of FAMILIES) isDropped(frame(cut(family)));
    const tooMany = headers([0, 60, 60, 60, 60, 60, 60, 60, 60], other("v6"));
    isDropped(frame(tooMany));
    isLet(frame({ ...tooMany, to: FREE.v6 }), "nothing is denied there");
  });

  for (const family of FAMILIES) {
    it(`${family}: fragments: the first by its port, later ones with it, and those of what is let go with theirs`, () => {
      deny(RULES.slice(0, 1));
      const big = { data: Buffer.alloc(1200), tcpFlags: TCP_FLAG.ack };
      const [first, later] = fragments(flowPacket(flow(GUARDED[family], 80, A[family]), "tcp", big), 800);
      isDropped(frame(later), "nobody knows its port");
      isDropped(frame(first));
      isDropped(frame(later));
      const [free, freeLater] = fragments(flowPacket(flow(GUARDED[family], 81, A[family]), "tcp", big), 800).map((part) => ({
        ...part,
        ...withId(part, 99),
      }));
      assert.ok(free && freeLater);
      isLet(frame(free));
      isLet(frame(freeLater));
      isLet(frame(fragments(flowPacket(flow(GUARDED[family], 80, A[family]), "udp", big), 800)[1]), "another protocol");
    });

    it(`${family}: in every mode, and also from a pod that keeps the stack`, () => {
      const packet = frame(syn(family));
      const endpoint = runner.datapath.maps.hr_endpoints.lookup(kernelAddress(A[family]));
      assert.ok(endpoint);
      const steps = [() => runner.datapath.drain(), () => runner.datapath.switchOff(), () => void runner.datapath.switchOn(1, 0)];
      for (const step of steps) {
        step();
        isDropped(packet);
      }
      const stays = new Struct("hr_endpoint", Buffer.from(endpoint)).set("flags", ENDPOINT_FLAG.OPT_OUT).bytes;
      runner.datapath.maps.hr_endpoints.update(kernelAddress(A[family]), stays);
      isDropped(packet);
      runner.datapath.maps.hr_endpoints.update(kernelAddress(A[family]), endpoint);
    });

    it(`${family}: a rule ends what was fast before it, and its end lets it go again`, () => {
      deny([]);
      const packet = frame(flowPacket(flow(C[family], 80, A[family]), "tcp", { tcpFlags: TCP_FLAG.syn }));
      const data = frame(flowPacket(flow(C[family], 80, A[family]), "tcp"));
      assert.match(runner.fromPod(packet).reason, /^FastRemote/);
      deny([{ ranges: [family === "v4" ? "10.201.2.0/24" : "fd00:201:2::/48"], ports: [tcp(80)] }]);
      isDropped(data);
      deny([]);
      assert.match(runner.fromPod(data).reason, /^FastRemote/);
    });

    it(`${family}: answers go to who began, whatever is denied there`, () => {
      deny([
        {
          ranges: [family === "v4" ? "10.201.0.0/16" : "fd00:201::/32"],
          ports: [tcp(1, 65_535), { protocol: "UDP", first: 1, last: 65_535 }],
        },
      ]);
      const begun = { from: C[family], fromPort: 40_002, to: A[family], toPort: 8080 };
      for (const transport of ["tcp", "udp"] as const) {
        isDropped(frame(flowPacket(turned(begun), transport, { tcpFlags: TCP_FLAG.syn | TCP_FLAG.ack })), "nobody has asked");
        assert.equal(runner.fromNet(frame(flowPacket(begun, transport, { tcpFlags: TCP_FLAG.syn }))).reason, "FastFromNet");
        const answer = runner.fromPod(frame(flowPacket(turned(begun), transport, { tcpFlags: TCP_FLAG.syn | TCP_FLAG.ack })));
        assert.match(answer.reason, /^FastRemote/, transport);
        if (transport === "tcp")
          isDropped(frame(flowPacket(turned(begun), "tcp", { tcpFlags: TCP_FLAG.syn })), "whoever opens a connection answers nobody");
      }
    });
  }

  it("a trace says so and changes nothing", () => {
    const trace = runner.trace(frame(syn("v4")), "la");
    assert.equal(trace.number("reason"), 30);
  });

  it("nothing is denied where there are no rules", () => {
    deny([]);
    for (const family of FAMILIES) for (const [, make] of denied) isLet(frame(make(family)));
  });

  it("no packet slips through while rules change", async () => {
    const others = (count: number): DenyRule[] =>
      Array.from({ length: count }, (_, index) => ({ ranges: [`198.51.${index % 200}.0/24`], ports: [tcp(index + 1)] }));
    const child = fork(path.join(import.meta.dirname, "denied-process.ts"), [runner.pins.path, frame(syn("v4")).toString("hex")]);
    const ended = once(child, "message") as Promise<[{ runs: number; dropped: number }]>;
    await once(child, "spawn");
    let changes = 0;
    const changing = setInterval(() => deny([...RULES.slice(0, 1), ...others(1 + (changes++ % 40))]), 0);
    const [{ runs, dropped }] = await ended;
    clearInterval(changing);
    assert.deepEqual([dropped, runs > 1000, changes > 50], [runs, true, true], `${runs} runs, ${dropped} dropped, ${changes} changes`);
  });

  function isDropped(packet: Buffer, why?: string): void {
    const result = runner.fromPod(packet);
    assert.deepEqual([result.reason, result.verdict], ["DropDenied", VERDICT.drop], why);
  }

  function isLet(packet: Buffer, why?: string): void {
    const result = runner.fromPod(packet);
    assert.notEqual(result.reason, "DropDenied", why);
    assert.notEqual(result.verdict, VERDICT.drop, why);
  }
});

/** Another datagram: the identification of all its fragments. */
function withId(part: Packet, id: number): Partial<Packet> {
  if (part.protocol !== PROTOCOL.fragment) return { id };
  const payload = Buffer.from(part.payload ?? Buffer.alloc(0));
  payload.writeUInt32BE(id, 4);
  return { payload };
}
