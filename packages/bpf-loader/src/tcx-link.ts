import { bpfFault } from "./bpf-fault.ts";
import { BpfProgram } from "./bpf-program.ts";
import { requireHandle } from "./checked-arguments.ts";
import { requireDeviceSide, type DeviceSide } from "./device-side.ts";
import { nativeLibraries } from "./native.ts";
import { pinLink } from "./pinned-link.ts";

/** BPF_TCX_INGRESS, BPF_TCX_EGRESS (linux/bpf.h of 6.6); libbpf 1.1 does not know them, the kernel does. */
const TCX = { Ingress: 46, Egress: 47 } as const;
/** The kernel allows 64 programs per tcx hook (BPF_MPROG_MAX). */
const PROGRAMS_PER_HOOK_MAX = 64;
/** BPF_F_BEFORE: before the program that is named; before all when none is. */
const BEFORE_ALL = 1 << 3;

/**
 * Attaches a program to a side of a device and pins the link, which keeps it attached when the process ends. Undone by `detachPinnedLink`.
 * On egress it runs before all that are there: one of them might let packets go that ours is to see.
 */
export function attachTcx(program: BpfProgram, place: DeviceSide, pinPath: string): void {
  requireDeviceSide(place);
  requireHandle(program, BpfProgram, "program");
  const { ifindex, side } = place;
  const number = nativeLibraries().linkCreate(program.fd, ifindex, TCX[side], side === "Egress" ? linkOptions(BEFORE_ALL) : null);
  if (number < 0) throw bpfFault(`attach of ${program.name} to device ${ifindex}`, number);
  pinLink(number, pinPath);
}

/** Ids of the programs on a side of a device, first to run first (BPF_PROG_QUERY). @throws AppError `bpf.einval` where tcx is unknown. */
export function queryTcx(place: DeviceSide): number[] {
  requireDeviceSide(place);
  const flags = Buffer.alloc(4);
  const ids = Buffer.alloc(4 * PROGRAMS_PER_HOOK_MAX);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(PROGRAMS_PER_HOOK_MAX);
  const result = nativeLibraries().programQuery(place.ifindex, TCX[place.side], 0, flags, ids, count);
  if (result < 0) throw bpfFault(`query of device ${place.ifindex}`, result);
  return Array.from({ length: Math.min(count.readUInt32LE(), PROGRAMS_PER_HOOK_MAX) }, (_, index) => ids.readUInt32LE(index * 4));
}

/** The first 16 bytes of `struct bpf_link_create_opts` (bpf/bpf.h): its size, and flags. */
function linkOptions(flags: number): Buffer {
  const options = Buffer.alloc(16);
  options.writeBigUInt64LE(16n);
  options.writeUInt32LE(flags, 8);
  return options;
}
