import { requireArgument } from "../bpf-fault.ts";

/** Bytes of `struct nlmsghdr` (linux/netlink.h). */
const HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are flags, not part of an attribute's type. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** One message: its type (RTM_*), flags (NLM_F_*), sequence number and what follows the header. */
export type NetlinkMessage = { type: number; flags: number; sequence: number; payload: Buffer };

/** Builds one message. Integers are in host byte order, which is little-endian on every machine that we support. */
export function encodeMessage(message: NetlinkMessage): Buffer {
  const buffer = Buffer.alloc(HEADER_BYTES + align(message.payload.length));
  buffer.writeUInt32LE(HEADER_BYTES + message.payload.length, 0);
  buffer.writeUInt16LE(message.type, 4);
  buffer.writeUInt16LE(message.flags, 6);
  buffer.writeUInt32LE(message.sequence, 8);
  message.payload.copy(buffer, HEADER_BYTES);
  return buffer;
}

/** Splits what one receive call brought. A cut-off or malformed tail is dropped: lengths come from the kernel but are not believed. */
export function decodeMessages(data: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= data.length) {
    const length = data.readUInt32LE(at);
    if (length < HEADER_BYTES || at + length > data.length) break;
    messages.push({
      type: data.readUInt16LE(at + 4),
      flags: data.readUInt16LE(at + 6),
      sequence: data.readUInt32LE(at + 8),
      payload: data.subarray(at + HEADER_BYTES, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** One attribute (`struct rtattr`), padded to 4 bytes. */
export function attribute(type: number, value: Buffer): Buffer {
  requireArgument(value.length <= 0xffff - ATTRIBUTE_HEADER_BYTES, `netlink attribute ${type} of ${value.length} bytes is too long`);
  const buffer = Buffer.alloc(align(ATTRIBUTE_HEADER_BYTES + value.length));
  buffer.writeUInt16LE(ATTRIBUTE_HEADER_BYTES + value.length, 0);
  buffer.writeUInt16LE(type, 2);
  value.copy(buffer, ATTRIBUTE_HEADER_BYTES);
  return buffer;
}

/** An attribute holding a 32-bit number. */
export function u32Attribute(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return attribute(type, bytes);
}

/** An attribute holding a NUL-terminated text. */
export function textAttribute(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}

/** The attributes of a message or of a nested attribute, by type; of a repeated type the last one. */
export function decodeAttributes(data: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  let at = 0;
  while (at + ATTRIBUTE_HEADER_BYTES <= data.length) {
    const length = data.readUInt16LE(at);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > data.length) break;
    attributes.set(data.readUInt16LE(at + 2) & ATTRIBUTE_TYPE_MASK, data.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length));
    at += align(length);
  }
  return attributes;
}

/** A NUL-terminated text, or undefined when the attribute is absent. */
export function readText(value: Buffer | undefined): string | undefined {
  if (!value) return undefined;
  const end = value.indexOf(0);
  return value.toString("utf8", 0, end < 0 ? value.length : end);
}

/** A 32-bit number, or undefined when the attribute is absent or short. */
export function readU32(value: Buffer | undefined): number | undefined {
  return value && value.length >= 4 ? value.readUInt32LE() : undefined;
}

/** A signed 32-bit number, or undefined when the attribute is absent or short. */
export function readI32(value: Buffer | undefined): number | undefined {
  return value && value.length >= 4 ? value.readInt32LE() : undefined;
}

function align(length: number): number {
  return (length + 3) & ~3;
}
