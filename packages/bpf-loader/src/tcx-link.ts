import { unlinkSync } from "node:fs";
import { bpfFault, requireArgument } from "./bpf-fault.ts";
import type { BpfProgram } from "./bpf-program.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { nativeLibraries } from "./native.ts";
import { readLinkInfo, type LinkInfo } from "./object-info.ts";

/** BPF_TCX_INGRESS (linux/bpf.h of 6.6); libbpf 1.1 does not know it, the kernel does. */
const TCX_INGRESS = 46;
/** The kernel allows 64 programs per tcx hook (BPF_MPROG_MAX). */
const PROGRAMS_PER_HOOK_MAX = 64;

/** Attaches a program to a device's ingress and pins the link, which keeps it attached when the process ends. */
export function attachTcx(program: BpfProgram, ifindex: number, pinPath: string): void {
  requireArgument(Number.isInteger(ifindex) && ifindex > 0, `${ifindex} is no interface index`);
  const native = nativeLibraries();
  const number = native.linkCreate(program.fd, ifindex, TCX_INGRESS, null);
  if (number < 0) throw bpfFault(`attach of ${program.name} to device ${ifindex}`, number);
  const fd = new FileDescriptor(number, "tcx link");
  try {
    const result = native.objectPin(number, pinPath);
    if (result < 0) throw bpfFault(`pin of a link at ${pinPath}`, result);
  } finally {
    fd.close();
  }
}

/** What a pinned link is attached to, or undefined when there is no such pin. */
export function readPinnedLink(pinPath: string): LinkInfo | undefined {
  const number = nativeLibraries().objectGet(pinPath);
  if (number < 0) return undefined;
  const fd = new FileDescriptor(number, pinPath);
  try {
    return readLinkInfo(number);
  } finally {
    fd.close();
  }
}

/**
 * Takes a pinned link's program off its device at once and removes the pin. Unpinning alone would detach too, but only
 * after a grace period. A device that is gone, or no pin, is no error.
 */
export function detachPinnedLink(pinPath: string): void {
  const native = nativeLibraries();
  const number = native.objectGet(pinPath);
  if (number >= 0) {
    native.linkDetach(number);
    native.close(number);
  }
  unpin(pinPath);
}

/** Removes a pin; the last reference of a link detaches its program. No pin is no error. */
export function unpin(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Ids of the programs on a device's tcx ingress hook, first to run first (BPF_PROG_QUERY). @throws AppError `bpf.einval` where tcx is unknown. */
export function queryTcx(ifindex: number): number[] {
  requireArgument(Number.isInteger(ifindex) && ifindex > 0, `${ifindex} is no interface index`);
  const flags = Buffer.alloc(4);
  const ids = Buffer.alloc(4 * PROGRAMS_PER_HOOK_MAX);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(PROGRAMS_PER_HOOK_MAX);
  const result = nativeLibraries().programQuery(ifindex, TCX_INGRESS, 0, flags, ids, count);
  if (result < 0) throw bpfFault(`query of device ${ifindex}`, result);
  return Array.from({ length: Math.min(count.readUInt32LE(), PROGRAMS_PER_HOOK_MAX) }, (_, index) => ids.readUInt32LE(index * 4));
}
