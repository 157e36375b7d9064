import { addressBytes, addressText } from "@hostrouting/bpf-loader";

/** How many addresses are looked at: more that are in use, one beside the other at the range's end, there are hardly. */
const CANDIDATES_MAX = 64;

/**
 * An address of a node's pod range that nobody has: counted from its end, where those who give addresses out from its beginning come last, and
 * without the very last, which is a network's broadcast address. Undefined when all of those are in use. Pure.
 * @param range of the node's pods, such as 10.244.1.0/24 @param used addresses, however they are written
 */
export function probeAddress(range: string, used: Iterable<string>): string | undefined {
  const [text = "", length = ""] = range.split("/");
  const start = addressBytes(text);
  const hostBits = BigInt(start.length * 8 - Number(length));
  const taken = new Set(Array.from(used, (address) => addressBytes(address).toString("hex")));
  const first = BigInt(`0x${start.toString("hex")}`);
  const last = first + (1n << hostBits) - 1n;
  for (let candidate = last - 1n; candidate > first && last - candidate <= BigInt(CANDIDATES_MAX); candidate--) {
    const hex = candidate.toString(16).padStart(start.length * 2, "0");
    if (!taken.has(hex)) return addressText(Buffer.from(hex, "hex"));
  }
  return undefined;
}
