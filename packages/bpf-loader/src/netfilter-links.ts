import { bpfFault, errnoName } from "./bpf-fault.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { nativeLibraries } from "./native.ts";
import { readAnyLinkInfo, readProgramInfo, type AnyLinkInfo, type NetfilterLinkInfo } from "./object-info.ts";
import { walkLinks, type LinkSight } from "./walk-links.ts";

/** A program at a hook of netfilter. The kernel does not say in which network namespace. */
export type NetfilterLink = NetfilterLinkInfo & { readonly id: number; readonly programId: number; readonly programName: string };

const EMFILE = 24;

/**
 * Every link of a netfilter program on this machine, in all of its network namespaces (BPF_LINK_GET_NEXT_ID). Kernels before 6.4 have none. A
 * link that goes away meanwhile, or is not attached yet, is left out. @throws AppError `bpf.eperm` without CAP_SYS_ADMIN.
 */
export function listNetfilterLinks(): NetfilterLink[] {
  const links = walkLinks({ next: nextLink, look: lookAtLink });
  if (links === undefined) throw bpfFault("list of links: no end", EMFILE);
  return links.filter((link) => link !== undefined);
}

function nextLink(after: number): number | undefined {
  const next = Buffer.alloc(4);
  const result = nativeLibraries().linkNextId(after, next);
  if (errnoName(result) === "ENOENT") return undefined;
  if (result < 0) throw bpfFault("list of links", result);
  return next.readUInt32LE();
}

/** Undefined for a link of another kind. */
function lookAtLink(id: number): LinkSight<NetfilterLink | undefined> {
  const number = nativeLibraries().linkFdById(id);
  if (errnoName(number) === "EAGAIN") return { kind: "Unsettled" };
  const info = withDescriptor(number, `link ${id}`, readAnyLinkInfo);
  return info === undefined ? { kind: "Gone" } : { kind: "Seen", link: netfilterLink(id, info) };
}

function netfilterLink(id: number, { netfilter, programId }: AnyLinkInfo): NetfilterLink | undefined {
  if (netfilter === undefined) return undefined;
  const program = withDescriptor(nativeLibraries().programFdById(programId), `program ${programId}`, readProgramInfo);
  return { ...netfilter, id, programId, programName: program?.name ?? "" };
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
