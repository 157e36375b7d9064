import { readlinkSync } from "node:fs";
import { bpfFault, requireArgument } from "./bpf-fault.ts";
import { requireWhole } from "./checked-arguments.ts";
import { nativeLibraries } from "./native.ts";
import { readText } from "./netlink/netlink-message.ts";

/** `struct bpf_prog_info` of 6.1, the largest of the three; kernels copy what fits, and what they do not know stays 0. */
const INFO_BYTES = 232;
/** Bytes of a translated instruction (`struct bpf_insn`). */
const INSTRUCTION_BYTES = 8;
const LINK_TYPE_NETFILTER = 10;
const DESCRIPTOR_MAX = 0x7fff_ffff;

/** What the kernel says of a map. Sizes in bytes; the value's is that of one CPU. */
export type MapInfo = { type: number; id: number; keySize: number; valueSize: number; maxEntries: number };

/** Reads `struct bpf_map_info` (linux/bpf.h). */
export function readMapInfo(fd: number): MapInfo {
  const info = readInfo(fd, "bpf-map");
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    keySize: info.readUInt32LE(8),
    valueSize: info.readUInt32LE(12),
    maxEntries: info.readUInt32LE(16),
  };
}

/**
 * What the kernel says of a program: its machine-wide id, the tag (a hash of its instructions), its name (15 characters at most), how many instructions it has after
 * translation, and how many the verifier walked through on all paths (0: the kernel does not tell, before 5.16).
 */
export type ProgramInfo = { id: number; tag: string; name: string; instructions: number; verifiedInstructions: number };

/** Reads `struct bpf_prog_info` (linux/bpf.h). */
export function readProgramInfo(fd: number): ProgramInfo {
  const info = readInfo(fd, "bpf-prog");
  return {
    id: info.readUInt32LE(4),
    tag: info.toString("hex", 8, 16),
    name: readText(info.subarray(64, 80)) ?? "",
    instructions: info.readUInt32LE(20) / INSTRUCTION_BYTES,
    verifiedInstructions: info.readUInt32LE(216),
  };
}

/** What the kernel says of a link. `ifindex` is that of a tcx link, 0 once its device is gone, and means nothing for others. */
export type LinkInfo = { id: number; programId: number; ifindex: number };

/** Reads `struct bpf_link_info` (linux/bpf.h), tcx member. */
export function readLinkInfo(fd: number): LinkInfo {
  const info = readInfo(fd, "bpf-link");
  return { id: info.readUInt32LE(4), programId: info.readUInt32LE(8), ifindex: info.readUInt32LE(16) };
}

/** What a link of a netfilter program says (netfilter member, Linux 6.4): the numbers of NFPROTO_* and NF_INET_*. */
export type NetfilterLinkInfo = { protocol: number; hook: number; priority: number };

/** A link of any kind, with the netfilter member when it is one: BPF_LINK_TYPE_NETFILTER (linux/bpf.h). */
export type AnyLinkInfo = { id: number; programId: number; netfilter?: NetfilterLinkInfo };

/** What the kernel says of the link behind a descriptor, whatever its kind. */
export function readAnyLinkInfo(fd: number): AnyLinkInfo {
  const info = readInfo(fd, "bpf-link");
  const link = { id: info.readUInt32LE(4), programId: info.readUInt32LE(8) };
  if (info.readUInt32LE(0) !== LINK_TYPE_NETFILTER) return link;
  return { ...link, netfilter: { protocol: info.readUInt32LE(16), hook: info.readUInt32LE(20), priority: info.readInt32LE(24) } };
}

type Kind = "bpf-map" | "bpf-prog" | "bpf-link";

/** The kernel answers for whatever the descriptor is; sizes read from another kind's answer would be wrong, and memory of wrong sizes is overrun. */
function readInfo(fd: number, kind: Kind): Buffer {
  requireWhole(fd, { least: 0, most: DESCRIPTOR_MAX }, "a file descriptor");
  const found = kindOf(fd);
  requireArgument(found === `anon_inode:${kind}`, `descriptor ${fd} is no ${kind}: ${found}`);
  const info = Buffer.alloc(INFO_BYTES);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(INFO_BYTES);
  const result = nativeLibraries().objectInfo(fd, info, length);
  if (result < 0) throw bpfFault(`information on ${kind} ${fd}`, result);
  return info;
}

function kindOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).replace("bpf_link", "bpf-link"); // older kernels wrote it so
  } catch {
    return "not open";
  }
}
