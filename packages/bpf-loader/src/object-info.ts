import { bpfFault } from "./bpf-fault.ts";
import { nativeLibraries } from "./native.ts";

/** Enough for the members that we read of bpf_prog_info, bpf_map_info and bpf_link_info; kernels copy what fits. */
const INFO_BYTES = 80;

/** What the kernel says of a map. Sizes in bytes; the value's is that of one CPU. */
export type MapInfo = { type: number; id: number; keySize: number; valueSize: number; maxEntries: number };

/** Reads `struct bpf_map_info` (linux/bpf.h). */
export function readMapInfo(fd: number): MapInfo {
  const info = readInfo(fd, "map");
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    keySize: info.readUInt32LE(8),
    valueSize: info.readUInt32LE(12),
    maxEntries: info.readUInt32LE(16),
  };
}

/** What the kernel says of a program: its machine-wide id and the tag, a hash of its instructions. */
export type ProgramInfo = { id: number; tag: string };

/** Reads `struct bpf_prog_info` (linux/bpf.h). */
export function readProgramInfo(fd: number): ProgramInfo {
  const info = readInfo(fd, "program");
  return { id: info.readUInt32LE(4), tag: info.toString("hex", 8, 16) };
}

/** What the kernel says of a tcx link. `ifindex` is 0 once its device is gone. */
export type LinkInfo = { id: number; programId: number; ifindex: number };

/** Reads `struct bpf_link_info` (linux/bpf.h), tcx member. */
export function readLinkInfo(fd: number): LinkInfo {
  const info = readInfo(fd, "link");
  return { id: info.readUInt32LE(4), programId: info.readUInt32LE(8), ifindex: info.readUInt32LE(16) };
}

function readInfo(fd: number, kind: string): Buffer {
  const info = Buffer.alloc(INFO_BYTES);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(INFO_BYTES);
  const result = nativeLibraries().objectInfo(fd, info, length);
  if (result < 0) throw bpfFault(`information on ${kind} ${fd}`, result);
  return info;
}
