import type { JsonObject } from "../json-value.ts";
import { callFault, define, type FunctionCall, integerOf, type TemplateFunction, textOf } from "./function-call.ts";

/** An IP address range: its first address, how many bits of it are the network's, and how many bits addresses have. */
type Range = { readonly network: bigint; readonly cidr: number; readonly bits: 32 | 128 };

const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[\da-f]{1,4}$/i;
const GROUPS = 8;

function parseV4(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) < 256)) return undefined;
  return octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

/** The last 32 bits may be written as those of IPv4 are (RFC 4291, 2.2). */
function asGroups(text: string): string {
  const tail = text.slice(text.lastIndexOf(":") + 1);
  const embedded = tail.includes(".") ? parseV4(tail) : undefined;
  if (embedded === undefined) return text;
  return `${text.slice(0, -tail.length)}${(embedded >> 16n).toString(16)}:${(embedded & 0xffffn).toString(16)}`;
}

function parseV6(text: string): bigint | undefined {
  const [head = "", tail, more] = asGroups(text).split("::");
  if (more !== undefined) return undefined;
  const groupsOf = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? "")];
  const missing = GROUPS - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: Math.max(0, missing) }, () => "0"), ...after];
  if (!groups.every((group) => GROUP.test(group))) return undefined;
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function writeV6(address: bigint): string {
  const text = Array.from({ length: GROUPS }, (_, index) => ((address >> BigInt(16 * (GROUPS - 1 - index))) & 0xffffn).toString(16));
  // of the runs of zeros the longest, and of several the first, is left out (RFC 5952, 4.2)
  const runs = text.join(":").match(/\b0(?::0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return text.join(":");
  const whole = text.join(":");
  const at = whole.search(new RegExp(`\\b${longest}\\b`));
  return `${whole.slice(0, at).replace(/:$/, "")}::${whole.slice(at + longest.length).replace(/^:/, "")}`;
}

function write(address: bigint, bits: Range["bits"]): string {
  if (bits === 128) return writeV6(address);
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 0xffn)).join(".");
}

/** The ones at the end of an address that are not the network's. */
function hostBits(bits: number, cidr: number): bigint {
  return (1n << BigInt(bits - cidr)) - 1n;
}

/** No text of a range is longer: an IPv6 address with an embedded one of IPv4, and its length. */
const RANGE_CHARS_MAX = 49;

/** Bits of the address behind the network's count for nothing, as in Azure Resource Manager. Throws TemplateFault. */
function rangeOf(call: FunctionCall): Range {
  const text = textOf(call, 0);
  const [address = "", length = "", more] = text.length > RANGE_CHARS_MAX ? [] : text.split("/");
  const bits = address.includes(":") ? 128 : 32;
  const parsed = bits === 128 ? parseV6(address) : parseV4(address);
  const cidr = OCTET.test(length) ? Number(length) : Infinity;
  if (parsed === undefined || more !== undefined || cidr > bits)
    throw callFault(call.name, "expects its parameter 1 to be an IP address range in CIDR notation such as '10.144.0.0/20' or 'fd00::/48'");
  return { network: parsed & ~hostBits(bits, cidr), cidr, bits };
}

/** How many addresses hosts can have. Of IPv4 the first and the last of a range are not for hosts. */
function usableCount({ bits, cidr }: Range): bigint {
  const all = hostBits(bits, cidr) + 1n;
  return bits === 128 ? all - 1n : all < 3n ? 0n : all - 2n;
}

function parseCidr(call: FunctionCall): JsonObject {
  const range = rangeOf(call);
  const { network, cidr, bits } = range;
  const last = network | hostBits(bits, cidr);
  const address = (value: bigint): string => write(value, bits);
  const netmask = address(hostBits(bits, 0) ^ hostBits(bits, cidr));
  if (bits === 128) return { network: address(network), netmask, firstUsable: address(network), lastUsable: address(last), cidr };
  const hasHosts = usableCount(range) > 0n;
  return {
    ...{ network: address(network), netmask, broadcast: address(last) },
    ...{ firstUsable: address(hasHosts ? network + 1n : network), lastUsable: address(hasHosts ? last - 1n : network), cidr },
  };
}

function cidrSubnet(call: FunctionCall): string {
  const { network, cidr, bits } = rangeOf(call);
  const [fresh, index] = [integerOf(call, 1), integerOf(call, 2)];
  if (fresh < cidr || fresh > bits)
    throw callFault(call.name, `expects its parameter 2 to be between the range's own ${cidr} and ${bits}; it is ${fresh}`);
  const count = 1n << BigInt(fresh - cidr);
  if (index < 0 || BigInt(index) >= count)
    throw callFault(call.name, `expects its parameter 3 to be between 0 and ${count - 1n}, of ${count} subnets; it is ${index}`);
  return `${write(network + (BigInt(index) << BigInt(bits - fresh)), bits)}/${fresh}`;
}

function cidrHost(call: FunctionCall): string {
  const range = rangeOf(call);
  const [index, count] = [integerOf(call, 1), usableCount(range)];
  if (index < 0 || BigInt(index) >= count)
    throw callFault(
      call.name,
      `expects its parameter 2 to be less than the ${count} addresses that hosts can have in the range; it is ${index}`,
    );
  return write(range.network + 1n + BigInt(index), range.bits);
}

/** Functions of IP address ranges by their name in lower case ("CIDR functions for ARM templates"). */
export const cidrFunctions: Readonly<Record<string, TemplateFunction>> = {
  parsecidr: define(1, 1, parseCidr),
  cidrsubnet: define(3, 3, cidrSubnet),
  cidrhost: define(2, 2, cidrHost),
};
