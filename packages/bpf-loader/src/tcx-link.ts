import { bpfFault } from "./bpf-fault.ts";
import { BpfProgram } from "./bpf-program.ts";
import { requireHandle, requireIndex } from "./checked-arguments.ts";
import { nativeLibraries } from "./native.ts";
import { pinLink } from "./pinned-link.ts";

/** BPF_TCX_INGRESS (linux/bpf.h of 6.6); libbpf 1.1 does not know it, the kernel does. */
const TCX_INGRESS = 46;
/** The kernel allows 64 programs per tcx hook (BPF_MPROG_MAX). */
const PROGRAMS_PER_HOOK_MAX = 64;

/** Attaches a program to a device's ingress and pins the link, which keeps it attached when the process ends. Undone by `detachPinnedLink`. */
export function attachTcx(program: BpfProgram, ifindex: number, pinPath: string): void {
  requireIndex(ifindex);
  requireHandle(program, BpfProgram, "program");
  const number = nativeLibraries().linkCreate(program.fd, ifindex, TCX_INGRESS, null);
  if (number < 0) throw bpfFault(`attach of ${program.name} to device ${ifindex}`, number);
  pinLink(number, pinPath);
}

/** Ids of the programs on a device's tcx ingress hook, first to run first (BPF_PROG_QUERY). @throws AppError `bpf.einval` where tcx is unknown. */
export function queryTcx(ifindex: number): number[] {
  requireIndex(ifindex);
  const flags = Buffer.alloc(4);
  const ids = Buffer.alloc(4 * PROGRAMS_PER_HOOK_MAX);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(PROGRAMS_PER_HOOK_MAX);
  const result = nativeLibraries().programQuery(ifindex, TCX_INGRESS, 0, flags, ids, count);
  if (result < 0) throw bpfFault(`query of device ${ifindex}`, result);
  return Array.from({ length: Math.min(count.readUInt32LE(), PROGRAMS_PER_HOOK_MAX) }, (_, index) => ids.readUInt32LE(index * 4));
}
