import { addressBytes } from "@hostrouting/bpf-loader";
import type { FlowTuple } from "@hostrouting/domain";

const ETHERNET = { v4: Buffer.from("0800", "hex"), v6: Buffer.from("86dd", "hex") } as const;
const PROTOCOLS = { tcp: { v4: 6, v6: 6 }, udp: { v4: 17, v6: 17 }, icmp: { v4: 1, v6: 58 } } as const;
const HOPS = 64;
/** Header of five words, no options. */
const TCP_HEADER_WORDS = 0x5000;
const TCP_ACK = 0x10;
const TCP_SYN = 0x02;
const ICMP_ECHO = { v4: { request: 8, answer: 0 }, v6: { request: 128, answer: 129 } } as const;

/** Which packet of a flow: `opening` is a SYN instead of an ACK, `answer` an echo reply instead of a request. */
export type PacketKind = { readonly opening?: boolean; readonly answer?: boolean };

/** The smallest frame of a flow as `source` sends it, without link addresses. Upper checksums are 0: nobody receives it. */
export function flowPacket({ protocol, source, destination }: FlowTuple, kind: PacketKind = {}): Buffer {
  const [from, to] = [addressBytes(source.address), addressBytes(destination.address)];
  if (from.length !== to.length) throw new RangeError(`${source.address} and ${destination.address} are of two families`);
  const family = from.length === 4 ? "v4" : "v6";
  const payload =
    protocol === "icmp" ? echo(ICMP_ECHO[family][kind.answer ? "answer" : "request"], source.port || destination.port) : ports();
  const header = family === "v4" ? ipv4Header(PROTOCOLS[protocol].v4, payload.length) : ipv6Header(PROTOCOLS[protocol].v6, payload.length);
  const at = family === "v4" ? 12 : 8;
  from.copy(header, at);
  to.copy(header, at + from.length);
  if (family === "v4") header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([Buffer.alloc(12), ETHERNET[family], header, payload]);

  function ports(): Buffer {
    const bytes = Buffer.alloc(protocol === "tcp" ? 20 : 8);
    bytes.writeUInt16BE(source.port, 0);
    bytes.writeUInt16BE(destination.port, 2);
    if (protocol === "udp") bytes.writeUInt16BE(bytes.length, 4);
    else bytes.writeUInt16BE(TCP_HEADER_WORDS | (kind.opening ? TCP_SYN : TCP_ACK), 12);
    return bytes;
  }
}

function echo(type: number, identifier: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt16BE(identifier, 4);
  return bytes;
}

function ipv4Header(protocol: number, payloadBytes: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(header.length + payloadBytes, 2);
  header.writeUInt8(HOPS, 8);
  header.writeUInt8(protocol, 9);
  return header;
}

function ipv6Header(protocol: number, payloadBytes: number): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(payloadBytes, 4);
  header.writeUInt8(protocol, 6);
  header.writeUInt8(HOPS, 7);
  return header;
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
