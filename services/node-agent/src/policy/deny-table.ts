import { addressBytes } from "@hostrouting/bpf-loader";
import { DENIED } from "../host-routing/kernel-layout.ts";

/** What is denied at an address: both ends belong to it. `Any`: every packet, whatever it carries; then the ports say nothing. */
export type DeniedPorts = { readonly protocol: "Any" | "TCP" | "UDP" | "SCTP"; readonly first: number; readonly last: number };

/** Every range denies every one of these. `ranges`: in the one spelling that `readRange` gives. */
export type DenyRule = { readonly ranges: readonly string[]; readonly ports: readonly DeniedPorts[] };

/** All that is denied in a range, so with what wider ranges say: the kernel looks at the narrowest range alone. */
export type DenyTable = ReadonlyMap<string, readonly DeniedPorts[]>;

/** Nothing is denied. */
export const EMPTY_TABLE: DenyTable = new Map();

/** Ranges of one table; the kernel's map has room for two tables (bpf/host-routing/maps.h). */
const RANGES_MAX = 1024;

const EVERYTHING: readonly DeniedPorts[] = [{ protocol: "Any", first: 0, last: 65_535 }];

/** Works out what each range denies, or why the kernel has no place for that. Pure. */
export function denyTable(rules: readonly DenyRule[]): { table: DenyTable } | { fault: string } {
  const stated = new Map<string, DeniedPorts[]>();
  for (const { ranges, ports } of rules) for (const range of ranges) stated.set(range, [...(stated.get(range) ?? []), ...ports]);
  if (stated.size > RANGES_MAX) return { fault: `${stated.size} address ranges; there is room for ${RANGES_MAX}` };
  const table = new Map<string, readonly DeniedPorts[]>();
  const ranges = [...stated].map(([range, ports]) => ({ range, ports, bits: bitsOf(range) }));
  for (const { range, bits } of ranges) {
    const ports = merged(ranges.flatMap((wider) => (contains(wider.bits, bits) ? wider.ports : [])));
    if (ports.length > DENIED.PORTS_MAX)
      return { fault: `${range} has ${ports.length} ranges of ports; there is room for ${DENIED.PORTS_MAX}` };
    table.set(range, ports);
  }
  return { table };
}

/** Whether a packet to this port of an address is denied. @param address IPv4 or IPv6. */
export function deniesPort(
  table: DenyTable,
  address: string,
  { protocol, port }: { protocol: "TCP" | "UDP" | "SCTP"; port: number },
): boolean {
  const host = bitsOf(`${address}/${address.includes(":") ? 128 : 32}`);
  const isMeant = (denied: DeniedPorts): boolean =>
    denied.protocol === "Any" || (denied.protocol === protocol && denied.first <= port && port <= denied.last);
  return [...table].some(([range, ports]) => contains(bitsOf(range), host) && ports.some(isMeant));
}

/** Ranges of one protocol that touch become one; where everything is denied, nothing else needs saying. */
function merged(ports: readonly DeniedPorts[]): readonly DeniedPorts[] {
  if (ports.some(({ protocol }) => protocol === "Any")) return EVERYTHING;
  const result: DeniedPorts[] = [];
  for (const next of ports.toSorted((a, b) => (a.protocol === b.protocol ? a.first - b.first : a.protocol < b.protocol ? -1 : 1))) {
    const before = result.at(-1);
    if (before?.protocol === next.protocol && next.first <= before.last + 1)
      result.splice(-1, 1, { ...before, last: Math.max(before.last, next.last) });
    else result.push(next);
  }
  return result;
}

type Bits = { readonly family: number; readonly bits: string };

function contains(wider: Bits, narrower: Bits): boolean {
  return wider.family === narrower.family && narrower.bits.startsWith(wider.bits);
}

/** The bits that all addresses of a range have in common, as text. */
function bitsOf(range: string): Bits {
  const [address = "", length = ""] = range.split("/");
  const bytes = addressBytes(address);
  const all = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return { family: bytes.length, bits: all.slice(0, Number(length)) };
}
