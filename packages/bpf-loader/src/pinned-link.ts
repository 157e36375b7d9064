import { statfsSync, unlinkSync } from "node:fs";
import { bpfFault, errnoName, requireArgument } from "./bpf-fault.ts";
import { BpfProgram } from "./bpf-program.ts";
import { requireHandle, requireText } from "./checked-arguments.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { nativeLibraries } from "./native.ts";
import { readLinkInfo, type LinkInfo } from "./object-info.ts";

/** BPF_FS_MAGIC (linux/magic.h). */
const BPF_FILE_SYSTEM = 0xcafe4a11;

/**
 * Pins a link that was just made and gives up the descriptor: the pin keeps the program attached when the process ends.
 * Without a pin it is detached again, as nobody would hold it.
 */
export function pinLink(number: number, pinPath: string): void {
  const fd = new FileDescriptor(number, "link");
  try {
    const result = nativeLibraries().objectPin(fd.number, requirePath(pinPath));
    if (result < 0) throw bpfFault(`pin of a link at ${pinPath}`, result);
  } finally {
    fd.close();
  }
}

/** What a pinned link is attached to, or undefined when there is no such pin. */
export function readPinnedLink(pinPath: string): LinkInfo | undefined {
  const number = nativeLibraries().objectGet(requirePath(pinPath));
  if (errnoName(number) === "ENOENT") return undefined;
  if (number < 0) throw bpfFault(`pinned link ${pinPath}`, number);
  const fd = new FileDescriptor(number, pinPath);
  try {
    return readLinkInfo(fd.number);
  } finally {
    fd.close();
  }
}

/** A link that is kept by a descriptor, beside its pin if it has one: whoever removes the pin detaches nothing while the holder lives. */
export class HeldLink {
  readonly #fd: FileDescriptor;

  private constructor(fd: FileDescriptor) {
    this.#fd = fd;
  }

  /** Holds a link that was just made; a bare number would let a caller close any of the process's descriptors. */
  static take(fd: FileDescriptor): HeldLink {
    requireHandle(fd, FileDescriptor, "descriptor");
    return new HeldLink(fd);
  }

  /** Opens a pinned link; undefined when there is no such pin. */
  static openPinned(pinPath: string): HeldLink | undefined {
    const number = nativeLibraries().objectGet(requirePath(pinPath));
    if (errnoName(number) === "ENOENT") return undefined;
    if (number < 0) throw bpfFault(`pinned link ${pinPath}`, number);
    return new HeldLink(new FileDescriptor(number, pinPath));
  }

  /** Its machine-wide id and its program's. */
  info(): LinkInfo {
    return readLinkInfo(this.#fd.number);
  }

  /** Pins it (again). @throws AppError `bpf.eexist` when something is pinned there. */
  pin(pinPath: string): void {
    const result = nativeLibraries().objectPin(this.#fd.number, requirePath(pinPath));
    if (result < 0) throw bpfFault(`pin of a link at ${pinPath}`, result);
  }

  /** Lets go; the pin, if there is one, keeps the link. */
  close(): void {
    this.#fd.close();
  }
}

/**
 * Puts another program in the place of a pinned link's in one step: no packet meets an empty hook, and the place among
 * other programs is kept. Links of traced functions cannot be updated. @throws AppError `bpf.enoent` without such a pin.
 */
export function updatePinnedLink(pinPath: string, program: BpfProgram): void {
  requireHandle(program, BpfProgram, "program");
  const number = nativeLibraries().objectGet(requirePath(pinPath));
  if (number < 0) throw bpfFault(`pinned link ${pinPath}`, number);
  const fd = new FileDescriptor(number, pinPath);
  try {
    const result = nativeLibraries().linkUpdate(fd.number, program.fd, null);
    if (result < 0) throw bpfFault(`update of the link ${pinPath} to ${program.name}`, result);
  } finally {
    fd.close();
  }
}

/**
 * Takes a pinned link's program off at once and removes the pin. Unpinning alone would detach too, but only after a grace
 * period; that is what happens to links of traced functions, which know no other way. A device that is gone, or no pin, is no error.
 */
export function detachPinnedLink(pinPath: string): void {
  const native = nativeLibraries();
  const number = native.objectGet(requirePath(pinPath));
  if (number >= 0) {
    native.linkDetach(number);
    native.close(number);
  }
  unpin(pinPath);
}

/** Removes a pin; the last reference of a link detaches its program. No pin is no error. @throws AppError `bpf.bad-argument` for a file that is none. */
export function unpin(path: string): void {
  requirePath(path);
  try {
    requireArgument(statfsSync(path).type === BPF_FILE_SYSTEM, `${path} is no pin: it is on another file system`);
    unlinkSync(path);
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    throw errno === undefined ? error : bpfFault(`removal of the pin ${path}`, errno);
  }
}

function requirePath(path: string): string {
  requireText(path, "the path of a pin");
  requireArgument(path.startsWith("/"), "a pin needs an absolute path");
  return path;
}
