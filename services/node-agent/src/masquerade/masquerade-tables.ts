import type { Datapath } from "../host-routing/datapath.ts";
import { kernelAddress } from "../host-routing/kernel-address.ts";
import { KERNEL_LAYOUTS, Struct } from "../host-routing/kernel-layout.ts";
import type { HostPort } from "../pods/node-pod.ts";
import type { Timeouts } from "./kernel-settings.ts";
import type { PortRange } from "./port-ranges.ts";
import type { SourceAddresses } from "./source-addresses.ts";

/** Everything of `hr_masquerade`. With `enabled` false no new flow is translated; what is being translated stays so. */
export type MasqueradeSettings = { enabled: boolean; ranges: readonly PortRange[]; timeouts: Timeouts };

const ONLY = Buffer.alloc(4);
const SECOND_NS = 1_000_000_000n;
const NO_ADDRESS = Buffer.alloc(16);
/** Keys of hr_host_ports. */
const BITMAPS = { TCP: 0, UDP: 1 } as const;

/** What the kernel's programs go by; the empty range is left out. */
export function readSettings(datapath: Datapath): { enabled: boolean; ranges: PortRange[] } {
  const found = new Struct("hr_masquerade", datapath.maps.hr_masquerade.lookup(ONLY));
  const bytes = part(found, KERNEL_LAYOUTS.hr_masquerade.members.ranges);
  const size = KERNEL_LAYOUTS.hr_port_range.size;
  const ranges = Array.from({ length: bytes.length / size }, (_, at) => {
    const range = new Struct("hr_port_range", bytes.subarray(at * size, (at + 1) * size));
    return { first: range.number("first"), last: range.number("last") };
  });
  return { enabled: found.number("enabled") !== 0, ranges: ranges.filter(({ last }) => last !== 0) };
}

/** Writes settings where they differ. Ranges that are given up go on to be asked for answers: flows use them still. */
export function writeSettings(datapath: Datapath, { enabled, ranges, timeouts }: MasqueradeSettings): void {
  const map = datapath.maps.hr_masquerade;
  const found = map.lookup(ONLY);
  const before = new Struct("hr_masquerade", found);
  const wanted = new Struct("hr_masquerade").set("enabled", enabled ? 1 : 0).set("ranges", rangeBytes(ranges));
  wanted.set("retired", retired(before, wanted));
  for (const [member, seconds] of [
    ["tcp_established_ns", timeouts.tcpEstablished],
    ["tcp_syn_ns", timeouts.tcpSyn],
    ["tcp_closing_ns", timeouts.tcpClosing],
    ["udp_ns", timeouts.udp],
    ["udp_stream_ns", timeouts.udpStream],
    ["icmp_ns", timeouts.icmp],
  ] as const)
    wanted.set(member, BigInt(seconds) * SECOND_NS);
  if (!found?.equals(wanted.bytes)) map.update(ONLY, wanted.bytes);
}

/** Writes the ports that translation must not use where they differ: pods' host ports and the kernel's reserved ones. */
export function writeHostPorts(datapath: Datapath, hostPorts: readonly HostPort[], reserved: readonly PortRange[]): void {
  for (const protocol of ["TCP", "UDP"] as const) {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(BITMAPS[protocol]);
    const own = hostPorts.filter((host) => host.protocol === protocol).map(({ port }) => ({ first: port, last: port }));
    const wanted = portBitmap([...own, ...reserved]);
    if (!datapath.maps.hr_host_ports.lookup(key)?.equals(wanted)) datapath.maps.hr_host_ports.update(key, wanted);
  }
}

/** Writes each uplink's addresses where they differ, and removes uplinks that are gone. */
export function writeSources(datapath: Datapath, sources: readonly SourceAddresses[]): void {
  const map = datapath.maps.hr_sources;
  const wanted = new Map<number, Buffer>();
  for (const { ifindex, v4, v6 } of sources) {
    const value = new Struct("hr_source").set("v4", v4 ? kernelAddress(v4) : NO_ADDRESS);
    wanted.set(ifindex, value.set("v6", v6 ? kernelAddress(v6) : NO_ADDRESS).bytes);
  }
  for (const [ifindex, value] of wanted) {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(ifindex);
    if (!map.lookup(key)?.equals(value)) map.update(key, value);
  }
  for (const key of map.keys()) if (!wanted.has(key.readUInt32LE())) map.delete(key);
}

/** Bit p % 8 of byte p / 8 stands for port p. */
export function portBitmap(ranges: readonly PortRange[]): Buffer {
  const bitmap = Buffer.alloc(KERNEL_LAYOUTS.hr_port_bitmap.size);
  for (const { first, last } of ranges)
    for (let port = first; port <= last; port++) bitmap[port >> 3] = (bitmap[port >> 3] ?? 0) | (1 << (port & 7));
  return bitmap;
}

/** Ranges in use before, or those already given up when they have not changed. */
function retired(before: Struct<"hr_masquerade">, wanted: Struct<"hr_masquerade">): Buffer {
  const { ranges, retired: given } = KERNEL_LAYOUTS.hr_masquerade.members;
  const former = part(before, ranges);
  const changed = !former.equals(part(wanted, ranges)) && former.some((byte) => byte !== 0);
  return changed ? former : part(before, given);
}

function part(struct: Struct<"hr_masquerade">, { offset, size }: { offset: number; size: number }): Buffer {
  return Buffer.from(struct.bytes.subarray(offset, offset + size));
}

function rangeBytes(ranges: readonly PortRange[]): Buffer {
  const bytes = Buffer.alloc(KERNEL_LAYOUTS.hr_masquerade.members.ranges.size);
  for (const [at, { first, last }] of ranges.entries()) {
    const range = new Struct("hr_port_range").set("first", first).set("last", last);
    range.bytes.copy(bytes, at * range.bytes.length);
  }
  return bytes;
}
