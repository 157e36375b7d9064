import { bpfFault, errnoName } from "./bpf-fault.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { nativeLibraries } from "./native.ts";
import { readAnyLinkInfo, readProgramInfo, type NetfilterLinkInfo } from "./object-info.ts";

/** A program at a hook of netfilter. The kernel does not say in which network namespace. */
export type NetfilterLink = NetfilterLinkInfo & { readonly id: number; readonly programId: number; readonly programName: string };

const EMFILE = 24;
/** A node has some hundred links; a kernel that never says that they end must not hang us. */
const LINKS_MAX = 100_000;

/**
 * Every link of a netfilter program on this machine, in all of its network namespaces (BPF_LINK_GET_NEXT_ID). Kernels before 6.4 have none. A
 * link that goes away meanwhile is left out. @throws AppError `bpf.eperm` without CAP_SYS_ADMIN.
 */
export function listNetfilterLinks(): NetfilterLink[] {
  const native = nativeLibraries();
  const next = Buffer.alloc(4);
  const links: NetfilterLink[] = [];
  for (let count = 0; count < LINKS_MAX; count++) {
    const result = native.linkNextId(next.readUInt32LE(), next);
    if (errnoName(result) === "ENOENT") return links;
    if (result < 0) throw bpfFault("list of links", result);
    const link = readLink(next.readUInt32LE());
    if (link !== undefined) links.push(link);
  }
  throw bpfFault(`list of links: no end after ${LINKS_MAX}`, EMFILE);
}

function readLink(id: number): NetfilterLink | undefined {
  const info = withDescriptor(nativeLibraries().linkFdById(id), `link ${id}`, readAnyLinkInfo);
  if (info?.netfilter === undefined) return undefined;
  const program = withDescriptor(nativeLibraries().programFdById(info.programId), `program ${info.programId}`, readProgramInfo);
  return { ...info.netfilter, id, programId: info.programId, programName: program?.name ?? "" };
}

/** Undefined: it is gone. */
function withDescriptor<T>(number: number, what: string, read: (fd: number) => T): T | undefined {
  if (errnoName(number) === "ENOENT") return undefined;
  if (number < 0) throw bpfFault(what, number);
  const fd = new FileDescriptor(number, what);
  try {
    return read(fd.number);
  } finally {
    fd.close();
  }
}
