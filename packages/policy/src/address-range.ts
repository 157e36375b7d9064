/** A range of addresses: those whose first `length` bits are those of `start`, up to `last`. */
export type AddressRange = { readonly bits: 32 | 128; readonly start: bigint; readonly last: bigint; readonly length: number };

/** Reads `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `fd00::/8` or a single address. Undefined for anything else, ranges `a-b` and masks with gaps included. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = "", mask, ...rest] = text.split("/");
  if (rest.length > 0) return undefined;
  const bits = address.includes(":") ? 128 : 32;
  const start = bits === 128 ? parseIpv6(address) : parseIpv4(address);
  const length = mask === undefined ? bits : prefixLength(mask, bits);
  if (start === undefined || length === undefined) return undefined;
  const hosts = (1n << BigInt(bits - length)) - 1n;
  return { bits, start: start & ~hosts, last: start | hosts, length };
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Numbers as long as they are exact: rulesets have thousands of addresses, and big integers are slow. */
function parseIpv4(text: string): bigint | undefined {
  const found = IPV4.exec(text);
  if (found === null) return undefined;
  let sum = 0;
  for (let at = 1; at <= 4; at += 1) {
    const part = Number(found[at]);
    if (part > 255) return undefined;
    sum = sum * 256 + part;
  }
  return BigInt(sum);
}

/** RFC 4291, 2.2: eight groups, one `::` for zeros, the last two groups possibly as IPv4. */
function parseIpv6(text: string): bigint | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted === null ? undefined : parseIpv4(dotted[2] ?? "");
  if (dotted !== null && tail === undefined) return undefined;
  const plain = dotted === null ? text : `${dotted[1]}${((tail ?? 0n) >> 16n).toString(16)}:${((tail ?? 0n) & 0xffffn).toString(16)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], end = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - end.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...end];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function prefixLength(mask: string, bits: 32 | 128): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask) <= bits ? Number(mask) : undefined;
  const value = bits === 128 ? parseIpv6(mask) : parseIpv4(mask);
  if (value === undefined) return undefined;
  const ones = value.toString(2).padStart(bits, "0");
  return /^1*0*$/.test(ones) ? ones.replaceAll("0", "").length : undefined;
}

/** Whether every address of `inner` is one of `outer`. */
export function contains(outer: AddressRange, inner: AddressRange): boolean {
  return outer.bits === inner.bits && outer.start <= inner.start && inner.last <= outer.last;
}

/** Whether some address is in both. */
export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.bits === b.bits && a.start <= b.last && b.start <= a.last;
}

/** The range as a policy wants it: `10.0.0.0/8`. Undefined where `parseRange` is. */
export function cidrText(text: string): string | undefined {
  const range = parseRange(text);
  return range && `${text.split("/")[0]}/${range.length}`;
}
