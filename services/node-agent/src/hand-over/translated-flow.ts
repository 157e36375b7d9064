import { addressText, type ConntrackTuple } from "@hostrouting/bpf-loader";
import { NAT_FLAG, Struct } from "../host-routing/kernel-layout.ts";

/** How long translated flows live without a packet, nanoseconds: what `hr_masquerade` says. */
export type Lifetimes = Readonly<Record<"tcpEstablished" | "tcpSyn" | "tcpClosing" | "udp" | "udpStream" | "icmp", bigint>>;

/** One translated flow as the kernel's side keeps it: the pod's tuple, what stands in for the pod, and how it fares. */
export type TranslatedFlow = {
  readonly original: ConntrackTuple;
  readonly translated: { readonly address: string; readonly port: number };
  readonly flags: number;
  /** CLOCK_MONOTONIC of the pod's last packet, within a second. */
  readonly seenNs: bigint;
};

const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;
const ECHO_REQUEST: Readonly<Record<number, number>> = { [IPPROTO_ICMP]: 8, [IPPROTO_ICMPV6]: 128 };
const SECOND_NS = 1_000_000_000n;
const CLOSED = NAT_FLAG.FIN_OUT | NAT_FLAG.FIN_IN;

/** Reads one entry of `hr_nat_out`. */
export function readTranslatedFlow(key: Buffer, value: Buffer): TranslatedFlow {
  const tuple = new Struct("hr_tuple", key);
  const nat = new Struct("hr_nat", value);
  const protocol = tuple.number("protocol");
  const icmpType = ECHO_REQUEST[protocol];
  const sourcePort = readPort(tuple.bytes, 32);
  return {
    original: {
      protocol,
      source: textOf(key, 0),
      destination: textOf(key, 16),
      sourcePort,
      destinationPort: icmpType === undefined ? readPort(tuple.bytes, 34) : sourcePort,
      ...(icmpType !== undefined && { icmpType }),
    },
    translated: { address: textOf(value, 0), port: readPort(value, 16) },
    flags: nat.number("flags"),
    seenNs: nat.bigint("seen_ns"),
  };
}

/** Key of `hr_nat_in` for the answers of a flow: the remote end to what stands in for the pod. */
export function answerKey(key: Buffer, value: Buffer): Buffer {
  const out = new Struct("hr_tuple", key);
  const answer = new Struct("hr_tuple");
  answer.set("source", member(key, 16, 16)).set("source_port", member(key, 34, 2));
  answer.set("destination", member(value, 0, 16)).set("destination_port", member(value, 16, 2));
  return answer.set("protocol", out.number("protocol")).bytes;
}

/** For how many more seconds a flow would live if it stayed silent; undefined when it has ended. */
export function secondsLeft(flow: TranslatedFlow, lifetimes: Lifetimes, nowNs: bigint): number | undefined {
  if (flow.original.protocol === IPPROTO_TCP && (flow.flags & NAT_FLAG.RESET || (flow.flags & CLOSED) === CLOSED)) return undefined;
  const left = lifetimeOf(flow, lifetimes) - (nowNs - flow.seenNs);
  return left <= 0n ? undefined : Number(left / SECOND_NS) + 1;
}

/** Reads the lifetimes out of the value of `hr_masquerade`. */
export function readLifetimes(value: Buffer): Lifetimes {
  const settings = new Struct("hr_masquerade", value);
  return {
    tcpEstablished: settings.bigint("tcp_established_ns"),
    tcpSyn: settings.bigint("tcp_syn_ns"),
    tcpClosing: settings.bigint("tcp_closing_ns"),
    udp: settings.bigint("udp_ns"),
    udpStream: settings.bigint("udp_stream_ns"),
    icmp: settings.bigint("icmp_ns"),
  };
}

function lifetimeOf({ original, flags }: TranslatedFlow, lifetimes: Lifetimes): bigint {
  const replied = (flags & NAT_FLAG.REPLIED) !== 0;
  switch (original.protocol) {
    case IPPROTO_TCP:
      return replied ? lifetimes.tcpEstablished : lifetimes.tcpSyn;
    case IPPROTO_UDP:
      return replied ? lifetimes.udpStream : lifetimes.udp;
    default:
      return lifetimes.icmp;
  }
}

const MAPPED_PREFIX = Buffer.from("00000000000000000000ffff", "hex");

/** Text of a `struct hr_address`. */
export function textOf(bytes: Buffer, offset: number): string {
  const address = member(bytes, offset, 16);
  return addressText(address.subarray(0, 12).equals(MAPPED_PREFIX) ? address.subarray(12) : address);
}

function member(bytes: Buffer, offset: number, size: number): Buffer {
  return bytes.subarray(offset, offset + size);
}

/** Ports stand in network byte order, unlike everything else. */
function readPort(bytes: Buffer, offset: number): number {
  return bytes.readUInt16BE(offset);
}
