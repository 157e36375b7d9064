import { fstatSync } from "node:fs";
import { bpfFault, requireArgument } from "../bpf-fault.ts";
import { requireText } from "../checked-arguments.ts";
import { FileDescriptor } from "../file-descriptor.ts";
import { nativeLibraries } from "../native.ts";

const CLONE_NEWNET = 0x40000000;
const O_RDONLY_CLOEXEC = 0o2000000;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
/** asm-generic/socket.h; since Linux 5.14. */
const SO_NETNS_COOKIE = 71;
const COOKIE_BYTES = 8;

/** A network namespace that exists while its descriptor is open. */
export class NetworkNamespace {
  readonly #fd: FileDescriptor;

  private constructor(fd: FileDescriptor) {
    this.#fd = fd;
  }

  /** The namespace of this process. */
  static current(): NetworkNamespace {
    return NetworkNamespace.#open("/proc/thread-self/ns/net");
  }

  /** A namespace that has a name, e.g. /run/netns/blue. @throws AppError `bpf.enoent`. */
  static openNamed(path: string): NetworkNamespace {
    requireText(path, "the path of a network namespace");
    return NetworkNamespace.#open(path);
  }

  /** A new, empty namespace; it vanishes with everything in it when closed. Needs CAP_SYS_ADMIN. */
  static create(): NetworkNamespace {
    const native = nativeLibraries();
    const home = NetworkNamespace.current();
    try {
      if (native.unshare(CLONE_NEWNET) < 0) throw bpfFault("new network namespace", native.errno());
      return NetworkNamespace.current();
    } finally {
      home.#enter();
      home.close();
    }
  }

  /** The descriptor, for IFLA_NET_NS_FD. */
  get fd(): number {
    return this.#fd.number;
  }

  /** The number by which the kernel's programs know the namespace, as long as there is one: the next namespace may be given it. */
  get inode(): number {
    return fstatSync(this.#fd.number).ino;
  }

  /** The number that the namespace alone has, from the machine's start to its end. */
  get cookie(): bigint {
    return this.run(readCookie);
  }

  /**
   * Runs `work` with this thread inside the namespace and comes back, also when it throws. `work` must be synchronous:
   * across an await, everything else on the main thread would be in the wrong network.
   */
  run<T>(work: () => T): T {
    requireArgument(typeof work === "function", "there is nothing to do in the network namespace");
    const home = NetworkNamespace.current();
    try {
      this.#enter();
    } catch (error) {
      home.close();
      throw error;
    }
    try {
      return work();
    } finally {
      home.#enter();
      home.close();
    }
  }

  /** Lets go of the namespace. */
  close(): void {
    this.#fd.close();
  }

  static #open(path: string): NetworkNamespace {
    const native = nativeLibraries();
    const number = native.open(path, O_RDONLY_CLOEXEC);
    if (number < 0) throw bpfFault(`network namespace ${path}`, native.errno());
    return new NetworkNamespace(new FileDescriptor(number, `network namespace ${path}`));
  }

  #enter(): void {
    const native = nativeLibraries();
    if (native.setns(this.#fd.number, CLONE_NEWNET) < 0) throw bpfFault("return into a network namespace", native.errno());
  }
}

/** Of the namespace that this thread is in: a socket tells where it was made. */
function readCookie(): bigint {
  const native = nativeLibraries();
  const number = native.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (number < 0) throw bpfFault("socket that tells its network namespace", native.errno());
  const socket = new FileDescriptor(number, "socket that tells its network namespace");
  try {
    const cookie = Buffer.alloc(COOKIE_BYTES);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(COOKIE_BYTES);
    if (native.getsockopt(number, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length) < 0)
      throw bpfFault("cookie of a network namespace", native.errno());
    return cookie.readBigUInt64LE();
  } finally {
    socket.close();
  }
}
