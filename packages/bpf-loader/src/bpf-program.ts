import { bpfFault, requireArgument } from "./bpf-fault.ts";
import { requireText, requireWhole } from "./checked-arguments.ts";
import { FileDescriptor, type Lender } from "./file-descriptor.ts";
import { nativeLibraries, type TestRunOptions } from "./native.ts";
import { readProgramInfo } from "./object-info.ts";

/** Room for what a program makes of a test packet: an ordinary frame with head-room for tunnels. */
const PACKET_OUT_BYTES = 4096;
const ETHERNET_HEADER_BYTES = 14;
/** The kernel takes contexts of up to 64 KiB (bpf_prog_test_run_syscall). */
const CONTEXT_BYTES_MAX = 0xffff;
/** At 1 µs a run, one second in which nothing else of this process happens. */
const REPEATS_MAX = 1_000_000;

/** What a program made of a test packet; `durationNs` is the mean of the repeats. */
export type PacketRun = { verdict: number; packet: Buffer; durationNs: number };

/** A loaded eBPF program. */
export class BpfProgram {
  readonly name: string;
  /** Machine-wide id, as BPF_PROG_QUERY lists it. */
  readonly id: number;
  /** Hash of the instructions, hex. */
  readonly tag: string;
  /** Instructions after translation, which is what a packet may have to walk through. */
  readonly instructions: number;
  /** Instructions that the verifier walked through on all paths; 0 where the kernel does not tell. */
  readonly verifiedInstructions: number;
  readonly #fd: FileDescriptor;

  private constructor(fd: FileDescriptor, name: string) {
    const info = readProgramInfo(fd.number);
    this.#fd = fd;
    this.name = name;
    this.id = info.id;
    this.tag = info.tag;
    this.instructions = info.instructions;
    this.verifiedInstructions = info.verifiedInstructions;
  }

  /** A program whose descriptor belongs to a BpfObject, and ends with it. */
  static borrow(fd: number, name: string, lender: Lender): BpfProgram {
    requireArgument(typeof lender?.isClosed === "boolean", "nobody lends that descriptor");
    requireText(name, "the name of a program");
    return new BpfProgram(new FileDescriptor(fd, `program ${name}`, lender), name);
  }

  /** Opens a pinned program. @throws AppError `bpf.enoent` when there is no such pin, `bpf.bad-argument` when it is no program's. */
  static openPinned(path: string): BpfProgram {
    requireText(path, "the path of a pinned program");
    const number = nativeLibraries().objectGet(path);
    if (number < 0) throw bpfFault(`pinned program ${path}`, number);
    const fd = new FileDescriptor(number, `program ${path}`);
    try {
      return new BpfProgram(fd, path);
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /** The descriptor, for attaching. */
  get fd(): number {
    return this.#fd.number;
  }

  /** Runs a `syscall` program on `context`, which it may change in place. @throws AppError when it could not run or answered ≠ 0. */
  runSyscall(context: Buffer): void {
    requireArgument(isContext(context), `program ${this.name}: a context has 1 to ${CONTEXT_BYTES_MAX} bytes`);
    const options = this.#run({ ctx_in: context, ctx_size_in: context.length });
    if (options.retval !== 0) throw bpfFault(`program ${this.name} answered ${options.retval}`, 5);
  }

  /** Runs a TC program on a frame, as if it came in on `ifindex` of this network namespace. Redirects are not carried out. */
  runPacket(frame: Buffer, context: Buffer | null = null, repeat = 1): PacketRun {
    const fits = Buffer.isBuffer(frame) && frame.length >= ETHERNET_HEADER_BYTES && frame.length <= PACKET_OUT_BYTES;
    requireArgument(fits, `program ${this.name}: a frame has ${ETHERNET_HEADER_BYTES} to ${PACKET_OUT_BYTES} bytes`);
    requireArgument(context === null || isContext(context), `program ${this.name}: a context has 1 to ${CONTEXT_BYTES_MAX} bytes`);
    requireWhole(repeat, { least: 1, most: REPEATS_MAX }, "the number of runs");
    const out = Buffer.alloc(PACKET_OUT_BYTES);
    const options = this.#run({
      data_in: frame,
      data_size_in: frame.length,
      data_out: out,
      data_size_out: out.length,
      ctx_in: context,
      ctx_size_in: context?.length ?? 0,
      repeat,
    });
    return { verdict: options.retval | 0, packet: out.subarray(0, options.data_size_out), durationNs: options.duration };
  }

  /** Pins the program, so that it outlives this process. */
  pin(path: string): void {
    requireText(path, "the path of a pin");
    const result = nativeLibraries().objectPin(this.#fd.number, path);
    if (result < 0) throw bpfFault(`pin of program ${this.name} at ${path}`, result);
  }

  /** Closes an opened program; a borrowed one is closed with its object. */
  close(): void {
    this.#fd.close();
  }

  #run(given: Partial<TestRunOptions>): TestRunOptions {
    const native = nativeLibraries();
    const options: TestRunOptions = {
      sz: native.testRunSize,
      data_in: null,
      data_out: null,
      data_size_in: 0,
      data_size_out: 0,
      ctx_in: null,
      ctx_out: null,
      ctx_size_in: 0,
      ctx_size_out: 0,
      retval: 0,
      repeat: 0,
      duration: 0,
      flags: 0,
      cpu: 0,
      batch_size: 0,
      ...given,
    };
    const result = native.testRun(this.#fd.number, options);
    if (result < 0) throw bpfFault(`run of program ${this.name}`, result);
    return options;
  }
}

function isContext(value: unknown): boolean {
  return Buffer.isBuffer(value) && value.length > 0 && value.length <= CONTEXT_BYTES_MAX;
}
