import { addressBytes, addressText } from "../netlink/ip-address.ts";
import { attribute, decodeAttributes } from "../netlink/netlink-message.ts";

/** One direction of a tracked flow as a packet carries it. ICMP echo: both ports are the identifier, see `icmpType`. */
export type ConntrackTuple = {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** ICMP and ICMPv6 only: type of the message that goes this way. */
  readonly icmpType?: number;
};

/** A tracked flow. `reply` is what an answer carries, so it differs from the turned `original` where NAT is at work. */
export type ConntrackEntry = {
  readonly original: ConntrackTuple;
  readonly reply: ConntrackTuple;
  /** IPS_* of linux/netfilter/nf_conntrack_common.h. */
  readonly status: number;
  /** Until it is forgotten. */
  readonly timeoutSeconds: number;
  readonly mark: number;
  /** 0 where no zones are used. */
  readonly zone: number;
};

/** A flow whose source is translated, to be entered into conntrack in the middle of its life. */
export type TranslatedFlow = {
  readonly original: ConntrackTuple;
  /** What stands in for the source. */
  readonly translated: { readonly address: string; readonly port: number };
  readonly timeoutSeconds: number;
};

/** IPS_* bits (linux/netfilter/nf_conntrack_common.h) that say something here. */
export const CONNTRACK_STATUS = { SEEN_REPLY: 2, ASSURED: 4, CONFIRMED: 8, SRC_NAT: 0x10, DST_NAT: 0x20 } as const;

const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_ICMPV6 = 58;
const AF_INET = 2;
const AF_INET6 = 10;
/** NLA_F_NESTED: ctnetlink refuses nested attributes without it. */
const NESTED = 0x8000;

// linux/netfilter/nfnetlink_conntrack.h
const CTA = { TUPLE_ORIG: 1, TUPLE_REPLY: 2, STATUS: 3, PROTOINFO: 4, NAT_SRC: 6, TIMEOUT: 7, MARK: 8, ZONE: 18 } as const;
const CTA_TUPLE = { IP: 1, PROTO: 2 } as const;
const CTA_IP = { V4_SRC: 1, V4_DST: 2, V6_SRC: 3, V6_DST: 4 } as const;
const CTA_PROTO = {
  NUM: 1,
  SRC_PORT: 2,
  DST_PORT: 3,
  ICMP_ID: 4,
  ICMP_TYPE: 5,
  ICMP_CODE: 6,
  ICMPV6_ID: 7,
  ICMPV6_TYPE: 8,
  ICMPV6_CODE: 9,
} as const;
const CTA_NAT = { V4_MINIP: 1, V4_MAXIP: 2, PROTO: 3, V6_MINIP: 4, V6_MAXIP: 5 } as const;
const CTA_PROTONAT = { PORT_MIN: 1, PORT_MAX: 2 } as const;
const CTA_PROTOINFO_TCP = 1;
const CTA_TCP = { STATE: 1, FLAGS_ORIGINAL: 4, FLAGS_REPLY: 5 } as const;
const TCP_ESTABLISHED = 3;
/** IP_CT_TCP_FLAG_BE_LIBERAL: this flow's window is unknown, and a packet outside of an unknown window is no reason to drop it. */
const TCP_BE_LIBERAL = 0x08;

/** `struct nfgenmsg` for a family. */
export function generalMessage(family: 4 | 6): Buffer {
  return Buffer.from([family === 4 ? AF_INET : AF_INET6, 0, 0, 0]);
}

/** 4 or 6, from how an address is written. */
export function familyOfAddress(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

/**
 * Payload of IPCTNL_MSG_CT_NEW for a flow whose source is translated. The reply tuple goes in *untranslated*, with the translation
 * as an attribute of its own: given translated already, the kernel finds nothing to change, sets no SNAT bit, and packets leave with
 * the source that they came with (net/netfilter/nf_nat_core.c, nf_nat_setup_info).
 */
export function encodeTranslatedFlow(flow: TranslatedFlow): Buffer {
  const { original } = flow;
  const family = familyOfAddress(original.source);
  const status = CONNTRACK_STATUS.SEEN_REPLY | CONNTRACK_STATUS.ASSURED | CONNTRACK_STATUS.CONFIRMED;
  return Buffer.concat([
    generalMessage(family),
    encodeTuple(CTA.TUPLE_ORIG, original),
    encodeTuple(CTA.TUPLE_REPLY, turned(original)),
    u32(CTA.STATUS, status),
    u32(CTA.TIMEOUT, flow.timeoutSeconds),
    nested(CTA.NAT_SRC, encodeRange(family, flow.translated, original.protocol)),
    ...(original.protocol === IPPROTO_TCP ? [encodeTcpEstablished()] : []),
  ]);
}

/** Payload that names one entry by its original tuple: for IPCTNL_MSG_CT_GET and IPCTNL_MSG_CT_DELETE. */
export function encodeName(original: ConntrackTuple): Buffer {
  return Buffer.concat([generalMessage(familyOfAddress(original.source)), encodeTuple(CTA.TUPLE_ORIG, original)]);
}

/** One entry of a dump, or undefined for a message of another shape (a protocol without ports has port 0). */
export function decodeEntry(payload: Buffer): ConntrackEntry | undefined {
  const attributes = decodeAttributes(payload.subarray(4));
  const original = decodeTuple(attributes.get(CTA.TUPLE_ORIG));
  const reply = decodeTuple(attributes.get(CTA.TUPLE_REPLY));
  if (!original || !reply) return undefined;
  const number = (type: number): number => attributes.get(type)?.readUInt32BE() ?? 0;
  return {
    original,
    reply,
    status: number(CTA.STATUS),
    timeoutSeconds: number(CTA.TIMEOUT),
    mark: number(CTA.MARK),
    zone: attributes.get(CTA.ZONE)?.readUInt16BE() ?? 0,
  };
}

/** The tuple of an untranslated answer. */
export function turned(tuple: ConntrackTuple): ConntrackTuple {
  const { source, destination, sourcePort, destinationPort, icmpType } = tuple;
  const back = { ...tuple, source: destination, destination: source, sourcePort: destinationPort, destinationPort: sourcePort };
  return icmpType === undefined ? back : { ...back, icmpType: answerType(icmpType) };
}

/** Echo request ↔ echo reply, both families. */
function answerType(type: number): number {
  const answers: Readonly<Record<number, number>> = { 8: 0, 0: 8, 128: 129, 129: 128 };
  return answers[type] ?? type;
}

function encodeTuple(type: number, tuple: ConntrackTuple): Buffer {
  const v4 = familyOfAddress(tuple.source) === 4;
  const addresses = [
    attribute(v4 ? CTA_IP.V4_SRC : CTA_IP.V6_SRC, addressBytes(tuple.source)),
    attribute(v4 ? CTA_IP.V4_DST : CTA_IP.V6_DST, addressBytes(tuple.destination)),
  ];
  return nested(type, [nested(CTA_TUPLE.IP, addresses), nested(CTA_TUPLE.PROTO, encodeProtocol(tuple))]);
}

function encodeProtocol(tuple: ConntrackTuple): Buffer[] {
  const number = u8(CTA_PROTO.NUM, tuple.protocol);
  if (tuple.protocol === IPPROTO_ICMP)
    return [number, u16(CTA_PROTO.ICMP_ID, tuple.sourcePort), u8(CTA_PROTO.ICMP_TYPE, tuple.icmpType ?? 8), u8(CTA_PROTO.ICMP_CODE, 0)];
  if (tuple.protocol === IPPROTO_ICMPV6)
    return [
      number,
      u16(CTA_PROTO.ICMPV6_ID, tuple.sourcePort),
      u8(CTA_PROTO.ICMPV6_TYPE, tuple.icmpType ?? 128),
      u8(CTA_PROTO.ICMPV6_CODE, 0),
    ];
  return [number, u16(CTA_PROTO.SRC_PORT, tuple.sourcePort), u16(CTA_PROTO.DST_PORT, tuple.destinationPort)];
}

function encodeRange(family: 4 | 6, translated: TranslatedFlow["translated"], protocol: number): Buffer[] {
  const address = addressBytes(translated.address);
  const ends = family === 4 ? [CTA_NAT.V4_MINIP, CTA_NAT.V4_MAXIP] : [CTA_NAT.V6_MINIP, CTA_NAT.V6_MAXIP];
  const ports = [u16(CTA_PROTONAT.PORT_MIN, translated.port), u16(CTA_PROTONAT.PORT_MAX, translated.port)];
  return [...ends.map((type) => attribute(type, address)), ...(protocol === 0 ? [] : [nested(CTA_NAT.PROTO, ports)])];
}

function encodeTcpEstablished(): Buffer {
  const liberal = Buffer.from([TCP_BE_LIBERAL, TCP_BE_LIBERAL]);
  const members = [u8(CTA_TCP.STATE, TCP_ESTABLISHED), attribute(CTA_TCP.FLAGS_ORIGINAL, liberal), attribute(CTA_TCP.FLAGS_REPLY, liberal)];
  return nested(CTA.PROTOINFO, [nested(CTA_PROTOINFO_TCP, members)]);
}

function decodeTuple(value: Buffer | undefined): ConntrackTuple | undefined {
  if (!value) return undefined;
  const tuple = decodeAttributes(value);
  const addresses = decodeAttributes(tuple.get(CTA_TUPLE.IP) ?? Buffer.alloc(0));
  const protocol = decodeAttributes(tuple.get(CTA_TUPLE.PROTO) ?? Buffer.alloc(0));
  const source = addresses.get(CTA_IP.V4_SRC) ?? addresses.get(CTA_IP.V6_SRC);
  const destination = addresses.get(CTA_IP.V4_DST) ?? addresses.get(CTA_IP.V6_DST);
  const number = protocol.get(CTA_PROTO.NUM)?.readUInt8();
  if (!source || !destination || number === undefined) return undefined;
  const port = (type: number): number | undefined => protocol.get(type)?.readUInt16BE();
  const identifier = port(CTA_PROTO.ICMP_ID) ?? port(CTA_PROTO.ICMPV6_ID);
  const icmpType = (protocol.get(CTA_PROTO.ICMP_TYPE) ?? protocol.get(CTA_PROTO.ICMPV6_TYPE))?.readUInt8();
  return {
    protocol: number,
    source: addressText(source),
    destination: addressText(destination),
    sourcePort: identifier ?? port(CTA_PROTO.SRC_PORT) ?? 0,
    destinationPort: identifier ?? port(CTA_PROTO.DST_PORT) ?? 0,
    ...(icmpType !== undefined && { icmpType }),
  };
}

function nested(type: number, members: readonly Buffer[]): Buffer {
  return attribute(type | NESTED, Buffer.concat(members));
}

function u8(type: number, value: number): Buffer {
  return attribute(type, Buffer.from([value]));
}

function u16(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return attribute(type, bytes);
}

function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return attribute(type, bytes);
}
