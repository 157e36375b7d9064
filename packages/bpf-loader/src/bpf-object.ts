import { existsSync } from "node:fs";
import { AppError } from "@hostrouting/domain";
import { bpfFault, errnoName, requireArgument } from "./bpf-fault.ts";
import { BpfMap } from "./bpf-map.ts";
import { BpfProgram } from "./bpf-program.ts";
import { requireText } from "./checked-arguments.ts";
import { nativeLibraries, type Pointer } from "./native.ts";
import { applySettings, type ObjectSettings } from "./object-settings.ts";

/** 256 KiB: the verifier's level-1 log of a refused program ends with its cause; longer logs are cut by the kernel. */
const VERIFIER_LOG_BYTES = 256 * 1024;
/** Lines of the verifier's log that go into an error: the cause and what led to it. */
const VERIFIER_LINES_MAX = 12;

/** An object file has a handful of programs. */
const PROGRAMS_MAX = 1000;

/** A loaded eBPF object file. Its maps and programs are closed with it; pin what must outlive the process. */
export class BpfObject {
  #pointer: Pointer | null;

  private constructor(pointer: Pointer) {
    this.#pointer = pointer;
  }

  /**
   * Opens and loads an object file: all maps are made, all programs pass the verifier. `settings` may change what the source says.
   * @throws AppError `bpf.object-missing`, `bpf.object-invalid`, or `bpf.load-refused` with the end of the verifier's log.
   */
  static load(path: string, settings: ObjectSettings = {}): BpfObject {
    requireText(path, "the path of an eBPF object");
    if (!existsSync(path))
      throw new AppError("bpf.object-missing", { say: `There is no eBPF object at ${path}`, do: "Build it with `make -C bpf`." });
    const native = nativeLibraries();
    const log = Buffer.alloc(VERIFIER_LOG_BYTES);
    const pointer = openFile(path, log);
    try {
      applySettings(pointer, settings);
      const result = native.objectLoad(pointer);
      if (result < 0)
        throw new AppError("bpf.load-refused", { say: `The kernel refused ${path} (${errnoName(result)}): ${lastLines(log)}` });
    } catch (error) {
      native.objectClose(pointer);
      throw error;
    }
    return new BpfObject(pointer);
  }

  /** Whether `close` was called: what was lent then ends. */
  get isClosed(): boolean {
    return this.#pointer === null;
  }

  /** Names of all programs in the order of the source, those that were left out included. */
  programNames(): string[] {
    const native = nativeLibraries();
    const object = this.#open();
    const names: string[] = [];
    for (let at = native.nextProgram(object, null); at && names.length < PROGRAMS_MAX; at = native.nextProgram(object, at))
      names.push(native.programName(at));
    return names;
  }

  /** A map by its name in the C source. */
  map(name: string): BpfMap {
    requireText(name, "the name of a map");
    const fd = nativeLibraries().findMapFd(this.#open(), name);
    if (fd < 0) throw bpfFault(`map ${name}`, fd);
    return BpfMap.borrow(fd, name, this);
  }

  /** A program by its function's name. */
  program(name: string): BpfProgram {
    requireText(name, "the name of a program");
    const native = nativeLibraries();
    const pointer = native.findProgram(this.#open(), name);
    if (!pointer) throw new AppError("bpf.enoent", { say: `The object has no program ${name}` });
    const fd = native.programFd(pointer);
    if (fd < 0) throw bpfFault(`program ${name}, which was not loaded`, fd);
    return BpfProgram.borrow(fd, name, this);
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

/** The log stays empty unless a program is refused: at level 0 libbpf asks for it only then. */
function openFile(path: string, log: Buffer): Pointer {
  const native = nativeLibraries();
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
  if (pointer) return pointer;
  throw new AppError("bpf.object-invalid", { say: `${path} is no eBPF object: ${errnoName(native.errno())}`, do: "Build it again." });
}

function lastLines(log: Buffer): string {
  const end = log.indexOf(0);
  const text = log.toString("latin1", 0, end < 0 ? log.length : end).trim();
  return text.split("\n").slice(-VERIFIER_LINES_MAX).join(" | ") || "no verifier log";
}
