import { isIP } from "node:net";
import { addressBytes, addressText } from "@hostrouting/bpf-loader";

/** A range of addresses in its one spelling: `10.0.0.0/8`, `fd00::/8`. */
export type AddressRange = { family: 4 | 6; text: string };

/** What a text means as a range, or why it means none. */
export type ReadRange = { range: AddressRange } | { fault: string };

/** Reads a range as ip-masq-agent does: an address, a length, and no bit set behind that length. */
export function readRange(text: string): ReadRange {
  const [address = "", length = "", ...rest] = text.split("/");
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  if (family === 0 || address.includes("%") || rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits)
    return { fault: `${JSON.stringify(text)} is no address range` };
  const bytes = addressBytes(address);
  const network = masked(bytes, Number(length));
  const normal = `${addressText(network)}/${Number(length)}`;
  if (!network.equals(bytes)) return { fault: `${text} has bits set behind its length (${normal} has not)` };
  if (family === 6 && isMapped(bytes)) return { fault: `${text} is an IPv4 address written as IPv6` };
  return { range: { family: family === 4 ? 4 : 6, text: normal } };
}

function masked(bytes: Buffer, length: number): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, length - index * 8)))));
}

/** ::ffff:0:0/96: in the kernel's tables these are IPv4 addresses. */
function isMapped(bytes: Buffer): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
}
