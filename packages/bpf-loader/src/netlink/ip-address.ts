import { isIP } from "node:net";
import { requireArgument } from "../bpf-fault.ts";

/** "10.1.2.3" → 4 bytes, "fd00::1" → 16 bytes, network byte order. @throws AppError `bpf.bad-argument` for anything else. */
export function addressBytes(text: string): Buffer {
  const family = typeof text === "string" ? isIP(text) : 0;
  requireArgument(family !== 0 && !text.includes("%"), `${typeof text === "string" ? text : typeof text} is no IP address`);
  if (family === 4) return Buffer.from(text.split(".").map(Number));
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded?.[1] && embedded[2]) {
    const hex = addressBytes(embedded[2]).toString("hex");
    return addressBytes(`${embedded[1]}${hex.slice(0, 4)}:${hex.slice(4)}`);
  }
  const [head = "", tail] = text.split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const words = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return Buffer.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

/** 4 or 16 bytes → text, IPv6 in its canonical short form (RFC 5952). */
export function addressText(bytes: Buffer): string {
  requireArgument(Buffer.isBuffer(bytes) && (bytes.length === 4 || bytes.length === 16), "an IP address has 4 or 16 bytes");
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${words.join(":")}]`).hostname.slice(1, -1);
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
}
