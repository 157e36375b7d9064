import { existsSync } from "node:fs";
import { AppError } from "@hostrouting/domain";
import { bpfFault, errnoName, requireArgument } from "./bpf-fault.ts";
import { BpfMap } from "./bpf-map.ts";
import { BpfProgram } from "./bpf-program.ts";
import { nativeLibraries, type Pointer } from "./native.ts";

/** 256 KiB: the verifier's level-1 log of a refused program ends with its cause; longer logs are cut by the kernel. */
const VERIFIER_LOG_BYTES = 256 * 1024;
/** Lines of the verifier's log that go into an error: the cause and what led to it. */
const VERIFIER_LINES_MAX = 12;

/** A loaded eBPF object file. Its maps and programs are closed with it; pin what must outlive the process. */
export class BpfObject {
  #pointer: Pointer | null;

  private constructor(pointer: Pointer) {
    this.#pointer = pointer;
  }

  /**
   * Opens and loads an object file: all maps are made, all programs pass the verifier.
   * @throws AppError `bpf.object-missing`, `bpf.object-invalid`, or `bpf.load-refused` with the end of the verifier's log.
   */
  static load(path: string): BpfObject {
    if (!existsSync(path))
      throw new AppError("bpf.object-missing", { say: `There is no eBPF object at ${path}`, do: "Build it with `make -C bpf`." });
    const native = nativeLibraries();
    const log = Buffer.alloc(VERIFIER_LOG_BYTES);
    const pointer = native.objectOpen(path, {
      sz: native.objectOpenSize,
      object_name: null,
      relaxed_maps: false,
      pin_root_path: null,
      attach_prog_fd: 0,
      kconfig: null,
      btf_custom_path: null,
      kernel_log_buf: log,
      kernel_log_size: log.length,
      kernel_log_level: 0,
    });
    if (!pointer)
      throw new AppError("bpf.object-invalid", { say: `${path} is no eBPF object: ${errnoName(native.errno())}`, do: "Build it again." });
    const result = native.objectLoad(pointer);
    if (result < 0) {
      native.objectClose(pointer);
      throw new AppError("bpf.load-refused", { say: `The kernel refused ${path} (${errnoName(result)}): ${lastLines(log)}` });
    }
    return new BpfObject(pointer);
  }

  /** A map by its name in the C source. */
  map(name: string): BpfMap {
    const fd = nativeLibraries().findMapFd(this.#open(), name);
    if (fd < 0) throw bpfFault(`map ${name}`, fd);
    return BpfMap.borrow(fd, name);
  }

  /** A program by its function's name. */
  program(name: string): BpfProgram {
    const native = nativeLibraries();
    const pointer = native.findProgram(this.#open(), name);
    if (!pointer) throw new AppError("bpf.enoent", { say: `The object has no program ${name}` });
    return BpfProgram.borrow(native.programFd(pointer), name);
  }

  /** Closes the object with its maps and programs; pins and links stay. A second call does nothing. */
  close(): void {
    if (this.#pointer) nativeLibraries().objectClose(this.#pointer);
    this.#pointer = null;
  }

  #open(): Pointer {
    requireArgument(this.#pointer !== null, "The eBPF object is closed");
    return this.#pointer;
  }
}

function lastLines(log: Buffer): string {
  const end = log.indexOf(0);
  const text = log.toString("latin1", 0, end < 0 ? log.length : end).trim();
  return text.split("\n").slice(-VERIFIER_LINES_MAX).join(" | ") || "no verifier log";
}
