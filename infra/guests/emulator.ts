/** A machine without disk, network or anything to look at; devices are the caller's to add. */
export interface EmulatedMachine {
  /** Kernel image. */
  readonly kernel: string;
  readonly initramfs: string;
  /**
   * Words for the kernel; whatever they are, it says little, panics end the machine, and it does not test its timer against a processor that
   * waits for a real one (on a busy machine it would find none and panic).
   */
  readonly commandLine: readonly string[];
  readonly processors: number;
  /** What the guest sees; the emulator itself needs some 100 MiB more, and TRANSLATIONS_MIB. */
  readonly memoryMib: number;
}

/** Room for translated code: the emulator would take up to 1 GiB, and a guest that runs Kubernetes and Node comes along with this. */
const TRANSLATIONS_MIB = 256;
/**
 * One thread for all processors of a machine, though programs take two thirds longer. With a thread for each, of some 170 short programs of Node eight
 * ended by SIGSEGV or V8's "Check failed" over its own list of code; with one thread none of 90. Likely because Debian's emulator (7.2) translates a page
 * while another processor writes code there, which V8 does all the time (mended in 8.1, "accel/tcg: Always lock pages before translation").
 */
const THREADS = "single";

/**
 * The command of a machine with an emulated processor (qemu's TCG): it needs no hardware virtualisation and gives the same machine everywhere.
 * Timings in it mean nothing, everything else is as on a real one. A machine that switches itself off, or panics, ends the command.
 */
export function emulatorCommand(machine: EmulatedMachine): [program: string, ...args: string[]] {
  return [
    "qemu-system-x86_64",
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...["-accel", `tcg,thread=${THREADS},tb-size=${TRANSLATIONS_MIB}`, "-cpu", "max"],
    ...["-smp", String(machine.processors), "-m", String(machine.memoryMib)],
    ...["-kernel", machine.kernel, "-initrd", machine.initramfs],
    ...["-append", [...machine.commandLine, "quiet", "panic=-1", "no_timer_check"].join(" ")],
  ];
}
