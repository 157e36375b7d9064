import assert from "node:assert/strict";
import path from "node:path";
import {
  Conntrack,
  NetlinkSocket,
  NetworkNamespace,
  readLinks,
  type BpfMap,
  type BpfProgram,
  type ConntrackEntry,
  type Link,
} from "@hostrouting/bpf-loader";
import { countedSince } from "../../services/node-agent/src/host-routing/counters.ts";
import { Datapath } from "../../services/node-agent/src/host-routing/datapath.ts";
import { kernelAddress, kernelPrefix } from "../../services/node-agent/src/host-routing/kernel-address.ts";
import { ADDRESS_CLASS, DIRECTIONS, REASONS, Struct, type Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { syncDevices } from "../../services/node-agent/src/host-routing/kernel-tables.ts";
import { findDevices, readNetwork } from "../../services/node-agent/src/host-routing/node-devices.ts";
import { PinFolder } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import { isV6, PROTOCOL, type Flow, type Transport } from "./frames.ts";
import { TwoNodes } from "./two-nodes.ts";

/** What a program may answer when run on a frame. */
export const VERDICT = { unspec: -1, drop: 2, redirect: 7 } as const;

/** What node 1 translates to in these tests. */
export const NODE = { v4: "10.200.0.1", v6: "fd00:200::1" } as const;
/** Ports to choose from; both ranges are small enough to be told apart from anything else. */
export const PORT_RANGES = [
  [61_000, 61_999],
  [20_000, 20_999],
] as const;

/** Node 1's view of the cluster. */
const RANGES = [
  ["10.201.0.0/16", "NATIVE"],
  ["fd00:201::/32", "NATIVE"],
  ["10.201.1.0/24", "OWN_NODE"],
  ["fd00:201:1::/48", "OWN_NODE"],
  ["10.96.0.0/16", "STACK"],
  ["fd00:96::/112", "STACK"],
] as const;

/** `struct __sk_buff` up to gso_size, and where its device indexes stand. */
const CONTEXT_BYTES = 192;
const INGRESS_IFINDEX_OFFSET = 36;
const IFINDEX_OFFSET = 40;
const SECOND_NS = 1_000_000_000n;
const FIRST = Buffer.alloc(4);

/** One run: what came out, and the one reason that was counted. */
export type Run = { verdict: number; packet: Buffer; reason: Reason };

type Settings = { enabled: boolean; ranges: readonly (readonly [number, number])[]; closingNs: bigint; silentNs: bigint };

const OBJECT = path.join(import.meta.dirname, "../../bpf/build/host_routing.bpf.o");
/** The agent's sign of life for the whole test. */
const BEAT_AHEAD_NS = 3600n * SECOND_NS;

/**
 * Node 1 of the test topology with its tables filled and the mode ON, whose programs are run on single frames. Nothing is attached, so
 * that what the pods' kernels send by themselves is not counted.
 */
export class ProgramRunner {
  readonly nodes = new TwoNodes();
  readonly datapath: Datapath;
  readonly #namespace: NetworkNamespace;
  readonly #links: Link[];

  constructor() {
    this.#namespace = NetworkNamespace.openNamed(this.nodes.netns("n1"));
    this.datapath = Datapath.load(new PinFolder(this.nodes.pinRoot(1), "0123456789ab"), OBJECT);
    this.#links = this.#namespace.run(() => this.#fillTables());
    this.datapath.beat(process.hrtime.bigint() + BEAT_AHEAD_NS);
    this.datapath.switchOn(1, 0);
  }

  close(): void {
    this.datapath.close();
    this.#namespace.close();
    this.nodes.close();
  }

  /** Where programs and maps are pinned, for another process. */
  get pins(): PinFolder {
    return this.datapath.pins;
  }

  link(name: string): Link {
    const found = this.#links.find((link) => link.name === name);
    assert.ok(found, `device ${name}`);
    return found;
  }

  /** A frame as a pod sends it; `device` is the host side of its veth. */
  fromPod(frame: Buffer, device = "la"): Run {
    return this.#run("from_pod", frame, device);
  }

  /** A frame as it comes in through the uplink. */
  fromNet(frame: Buffer): Run {
    return this.#run("from_net", frame, "eth0");
  }

  /** What the tracing program says of a frame on a device. */
  trace(frame: Buffer, device: string): Struct<"hr_trace"> {
    const program = this.datapath.programs.trace_flow;
    assert.ok(program);
    this.#start(program, frame, device);
    return new Struct("hr_trace", this.datapath.maps.hr_traced.lookup(FIRST));
  }

  /** Masquerades everything that is in no range, and answers for both families. */
  masquerade(changes: Partial<Settings> = {}): void {
    const settings = { enabled: true, ranges: PORT_RANGES, closingNs: 10n * SECOND_NS, silentNs: 60n * SECOND_NS, ...changes };
    const { hr_ranges, hr_masquerade, hr_sources } = this.datapath.maps;
    for (const range of ["0.0.0.0/0", "::/0"]) hr_ranges.update(kernelPrefix(range), u32(ADDRESS_CLASS.MASQUERADE));
    const value = new Struct("hr_masquerade").set("enabled", settings.enabled ? 1 : 0).set("ranges", portRanges(settings.ranges));
    for (const name of ["tcp_established_ns", "tcp_syn_ns", "udp_ns", "udp_stream_ns", "icmp_ns"] as const)
      value.set(name, settings.silentNs);
    hr_masquerade.update(FIRST, value.set("tcp_closing_ns", settings.closingNs).bytes);
    const source = new Struct("hr_source").set("v4", kernelAddress(NODE.v4)).set("v6", kernelAddress(NODE.v6));
    hr_sources.update(u32(this.link("eth0").index), source.bytes);
  }

  /** The pod's half of a translated flow. */
  outHalf(flow: Flow, transport: Transport): Struct<"hr_nat"> | undefined {
    return half(this.datapath.maps.hr_nat_out, tupleOf(flow, transport, "request"));
  }

  /** The answers' half: `flow` is the answer's. */
  inHalf(flow: Flow, transport: Transport): Struct<"hr_nat"> | undefined {
    return half(this.datapath.maps.hr_nat_in, tupleOf(flow, transport, "answer"));
  }

  /** What the node's conntrack knows. */
  conntrack(family: "v4" | "v6"): ConntrackEntry[] {
    return this.#namespace.run(() => {
      const table = Conntrack.open();
      try {
        return table.entries(family === "v4" ? 4 : 6);
      } finally {
        table.close();
      }
    });
  }

  /** Forgets every flow, pair and counter baseline; tests do not see each other's. */
  forget(): void {
    for (const name of ["hr_flows", "hr_nat_out", "hr_nat_in"] as const)
      for (const key of this.datapath.maps[name].keys()) this.datapath.maps[name].delete(key);
  }

  #fillTables(): Link[] {
    const socket = NetlinkSocket.open();
    try {
      for (const [range, kind] of RANGES) this.datapath.maps.hr_ranges.update(kernelPrefix(range), u32(ADDRESS_CLASS[kind]));
      syncDevices(this.datapath, findDevices(readNetwork(socket), [NODE.v4]), process.hrtime.bigint());
      return readLinks(socket);
    } finally {
      socket.close();
    }
  }

  #run(program: "from_pod" | "from_net", frame: Buffer, device: string): Run {
    const before = this.datapath.counters();
    const { verdict, packet } = this.#start(this.datapath.programs[program], frame, device);
    const counted = countedSince(before, this.datapath.counters());
    const all = DIRECTIONS.flatMap((direction) => REASONS.flatMap((reason) => Array<Reason>(counted[direction][reason]).fill(reason)));
    const [reason] = all;
    assert.ok(reason && all.length === 1, `counted once: ${all.join()}`);
    return { verdict, packet: Buffer.from(packet), reason };
  }

  #start(program: BpfProgram, frame: Buffer, device: string): { verdict: number; packet: Buffer } {
    const context = Buffer.alloc(CONTEXT_BYTES);
    const { index } = this.link(device);
    context.writeUInt32LE(index, INGRESS_IFINDEX_OFFSET);
    context.writeUInt32LE(index, IFINDEX_OFFSET);
    return this.#namespace.run(() => program.runPacket(frame, context));
  }
}

/** `struct hr_tuple` of a flow; an echo request's identifier is its source port, an answer's its destination port. */
export function tupleOf(flow: Flow, transport: Transport, which: "request" | "answer"): Buffer {
  const isEcho = transport === "icmp";
  const tuple = new Struct("hr_tuple").set("source", kernelAddress(flow.from)).set("destination", kernelAddress(flow.to));
  tuple.set("source_port", bigEndian(isEcho && which === "answer" ? 0 : flow.fromPort));
  tuple.set("destination_port", bigEndian(isEcho && which === "request" ? 0 : flow.toPort));
  return tuple.set("protocol", isEcho && isV6(flow.from) ? PROTOCOL.icmpv6 : PROTOCOL[transport]).bytes;
}

/** A port as the kernel keeps it. */
export function bigEndian(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}

/** A map's key or value of four bytes. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function half(map: BpfMap, key: Buffer): Struct<"hr_nat"> | undefined {
  const bytes = map.lookup(key);
  return bytes && new Struct("hr_nat", bytes);
}

function portRanges(ranges: readonly (readonly [number, number])[]): Buffer {
  const bytes = Buffer.alloc(8);
  ranges.forEach(([first, last], index) => {
    bytes.writeUInt16LE(first, index * 4);
    bytes.writeUInt16LE(last, index * 4 + 2);
  });
  return bytes;
}
