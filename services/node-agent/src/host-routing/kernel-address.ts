import { addressBytes } from "@hostrouting/bpf-loader";
import { AppError } from "@hostrouting/domain";
import { Struct } from "./kernel-layout.ts";

/** ::ffff:0:0/96, in front of an IPv4 address (RFC 4291 2.5.5.2). */
const MAPPED = Buffer.from("00000000000000000000ffff", "hex");
const MAPPED_BITS = 96;

/** `struct hr_address` of an address; IPv4 is mapped into IPv6. */
export function kernelAddress(text: string): Buffer {
  const bytes = addressBytes(text);
  return bytes.length === 4 ? Buffer.concat([MAPPED, bytes]) : bytes;
}

/** `struct hr_prefix` of a range such as 10.244.0.0/16. @throws AppError `agent.bad-range`. */
export function kernelPrefix(range: string): Buffer {
  const [text = "", length = ""] = range.split("/");
  const bits = text.includes(":") ? 128 : 32;
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits)
    throw new AppError("agent.bad-range", { say: `${range} is no address range`, do: "Write it as 10.244.0.0/16 or fd00:244::/48." });
  const prefix = new Struct("hr_prefix").set("length", Number(length) + (bits === 32 ? MAPPED_BITS : 0));
  return prefix.set("address", kernelAddress(text)).bytes;
}
