import { addressBytes } from "@hostrouting/bpf-loader";

/** Protocol numbers as they stand in both families' headers. */
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, fragment: 44, icmpv6: 58 } as const;

/** A packet of either family. `fragment`: IPv4's flags and offset. `payload`: everything behind the IP header. */
export type Packet = {
  from: string;
  to: string;
  protocol?: number;
  ttl?: number;
  fragment?: number;
  id?: number;
  options?: Buffer;
  payload?: Buffer;
};

/** Both ends of a flow; for ICMP echo `fromPort` is the identifier. */
export type Flow = { from: string; fromPort: number; to: string; toPort: number };
/** What the programs translate. */
export type Transport = "tcp" | "udp" | "icmp";

/** Bits of TCP's byte 13. */
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const DATA = Buffer.from("hello, outside!!");

export function isV6(address: string): boolean {
  return address.includes(":");
}

/** An Ethernet frame without MACs. */
export function ethernet(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(ETHERNET_BYTES);
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, payload]);
}

/** The frame of an IP packet; its family is that of the addresses. */
export function frame(packet: Packet): Buffer {
  return ethernet(isV6(packet.from) ? 0x86dd : 0x0800, ip(packet));
}

/** An IP packet. */
export function ip(packet: Packet): Buffer {
  const payload = packet.payload ?? Buffer.alloc(0);
  return Buffer.concat([isV6(packet.from) ? ipv6Header(packet, payload.length) : ipv4Header(packet, payload.length), payload]);
}

/** An IP packet of a flow with right checksums; UDP's is left out with `checksum: false`. */
export function flowPacket(
  flow: Flow,
  transport: Transport,
  changes: { ttl?: number; tcpFlags?: number; data?: Buffer; checksum?: boolean; reply?: boolean } = {},
): Packet {
  const protocol = transport === "icmp" && isV6(flow.from) ? PROTOCOL.icmpv6 : PROTOCOL[transport];
  const payload = transportBytes(flow, transport, changes);
  if (changes.checksum !== false) payload.writeUInt16BE(transportChecksum(flow, protocol, payload), checksumAt(protocol));
  return { from: flow.from, to: flow.to, protocol, ttl: changes.ttl ?? 64, payload };
}

/** The answer's end of a flow. */
export function turned(flow: Flow): Flow {
  return { from: flow.to, fromPort: flow.toPort, to: flow.from, toPort: flow.fromPort };
}

/** Destination unreachable from `from` to `to`, about an IP packet of which at most `quotedBytes` are quoted. */
export function unreachable(from: string, to: string, quoted: Buffer): Packet {
  const payload = Buffer.concat([Buffer.from(isV6(from) ? "0104000000000000" : "0303000000000000", "hex"), quoted]);
  const protocol = isV6(from) ? PROTOCOL.icmpv6 : PROTOCOL.icmp;
  payload.writeUInt16BE(transportChecksum({ from, to }, protocol, payload), 2);
  return { from, to, protocol, payload };
}

/** Cuts a packet's payload into a first and a last fragment; `at` is a multiple of 8. */
export function fragments(packet: Packet, at: number): [Packet, Packet] {
  const payload = packet.payload ?? Buffer.alloc(0);
  const parts = [payload.subarray(0, at), payload.subarray(at)] as const;
  if (!isV6(packet.from))
    return [
      { ...packet, id: 77, fragment: 0x2000, payload: parts[0] },
      { ...packet, id: 77, fragment: at / 8, payload: parts[1] },
    ];
  const header = (offset: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt8(packet.protocol ?? PROTOCOL.udp, 0);
    bytes.writeUInt16BE(offset, 2);
    bytes.writeUInt32BE(77, 4);
    return bytes;
  };
  return [
    { ...packet, protocol: PROTOCOL.fragment, payload: Buffer.concat([header(1), parts[0]]) },
    { ...packet, protocol: PROTOCOL.fragment, payload: Buffer.concat([header(at), parts[1]]) },
  ];
}

/** What stands in a frame; `sums` are the Internet checksums over what they cover, all 0 in a good packet. */
export type Seen = { from: string; to: string; ttl: number; fromPort: number; toPort: number; payload: Buffer; sums: number[] };

/** Reads a frame back. For ICMP echo both ports are the identifier. */
export function read(bytes: Buffer): Seen {
  return readIp(bytes.subarray(ETHERNET_BYTES));
}

/** Reads an IP packet, also one that an error quotes. */
export function readIp(bytes: Buffer): Seen {
  const v6 = (bytes[0] ?? 0) >> 4 === 6;
  const payload = bytes.subarray(v6 ? IPV6_BYTES : IPV4_BYTES);
  const from = addressText(bytes.subarray(v6 ? 8 : 12, v6 ? 24 : 16));
  const to = addressText(bytes.subarray(v6 ? 24 : 16, v6 ? 40 : 20));
  const protocol = bytes[v6 ? 6 : 9] ?? 0;
  const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
  const sums = [transportChecksum({ from, to }, protocol, payload)];
  if (!v6) sums.push(checksum(bytes.subarray(0, IPV4_BYTES)));
  return {
    from,
    to,
    ttl: bytes[v6 ? 7 : 8] ?? 0,
    fromPort: payload.readUInt16BE(isIcmp ? 4 : 0),
    toPort: payload.readUInt16BE(isIcmp ? 4 : 2),
    payload,
    sums,
  };
}

/** RFC 1071; 0 over what includes a right checksum. */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  if (bytes.length % 2 === 1) sum += (bytes.at(-1) ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** Where the transport header keeps its checksum. */
export function checksumAt(protocol: number): number {
  return { [PROTOCOL.tcp]: 16, [PROTOCOL.udp]: 6 }[protocol] ?? 2;
}

function transportChecksum(ends: { from: string; to: string }, protocol: number, payload: Buffer): number {
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(payload.length, 0);
  pseudo.writeUInt32BE(protocol, 4);
  const head = protocol === PROTOCOL.icmp ? [] : [addressBytes(ends.from), addressBytes(ends.to), pseudo];
  return checksum(Buffer.concat([...head, payload]));
}

function transportBytes(flow: Flow, transport: Transport, changes: { tcpFlags?: number; data?: Buffer; reply?: boolean }): Buffer {
  const data = changes.data ?? DATA;
  const header = Buffer.alloc(transport === "tcp" ? 20 : 8);
  if (transport === "icmp") {
    const types = isV6(flow.from) ? [128, 129] : [8, 0];
    header.writeUInt8(types[changes.reply ? 1 : 0] ?? 0, 0);
    header.writeUInt16BE(changes.reply ? flow.toPort : flow.fromPort, 4);
    return Buffer.concat([header, data]);
  }
  header.writeUInt16BE(flow.fromPort, 0);
  header.writeUInt16BE(flow.toPort, 2);
  if (transport === "udp") header.writeUInt16BE(8 + data.length, 4);
  else header.writeUInt16BE(0x5000 | (changes.tcpFlags ?? TCP_FLAG.ack), 12);
  return Buffer.concat([header, data]);
}

function ipv4Header(packet: Packet, payloadBytes: number): Buffer {
  const { options = Buffer.alloc(0) } = packet;
  const header = Buffer.alloc(IPV4_BYTES + options.length);
  header.writeUInt8(0x40 | (header.length / 4), 0);
  header.writeUInt16BE(header.length + payloadBytes, 2);
  header.writeUInt16BE(packet.id ?? 0, 4);
  header.writeUInt16BE(packet.fragment ?? 0, 6);
  header.writeUInt8(packet.ttl ?? 64, 8);
  header.writeUInt8(packet.protocol ?? PROTOCOL.udp, 9);
  addressBytes(packet.from).copy(header, 12);
  addressBytes(packet.to).copy(header, 16);
  options.copy(header, IPV4_BYTES);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function ipv6Header(packet: Packet, payloadBytes: number): Buffer {
  const header = Buffer.alloc(IPV6_BYTES);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(payloadBytes, 4);
  header.writeUInt8(packet.protocol ?? PROTOCOL.udp, 6);
  header.writeUInt8(packet.ttl ?? 64, 7);
  addressBytes(packet.from).copy(header, 8);
  addressBytes(packet.to).copy(header, 24);
  return header;
}

/** In the shortest form that `addressBytes` reads back to the same; IPv6 with the longest run of zeros left out. */
function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join(".");
  return new URL(`http://[${(bytes.toString("hex").match(/.{4}/g) ?? []).join(":")}]`).hostname.slice(1, -1);
}
