import { bpfFault } from "./bpf-fault.ts";
import { BpfProgram } from "./bpf-program.ts";
import { requireHandle } from "./checked-arguments.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { nativeLibraries } from "./native.ts";
import { HeldLink, pinLink } from "./pinned-link.ts";

/**
 * Attaches a program to what its section names (`tp_btf/…`, `fentry/…`, `fmod_ret/…`, `lsm/…`) and pins the link, which keeps it
 * attached when the process ends. This is the call that libbpf's bpf_program__attach makes for these kinds; it needs only the descriptor,
 * so a pinned program of an earlier process can be attached as well. Undone by `detachPinnedLink`.
 * @throws AppError `bpf.einval` for a program of another kind, `bpf.ebusy`/`bpf.eopnotsupp` … where the kernel does not allow it.
 */
export function attachTracing(program: BpfProgram, pinPath: string): void {
  pinLink(attach(program), pinPath);
}

/** The same without a pin: the program is detached when the link is closed, and when this process ends, however it ends. */
export function holdTracing(program: BpfProgram): HeldLink {
  return HeldLink.take(new FileDescriptor(attach(program), `link of ${program.name}`));
}

function attach(program: BpfProgram): number {
  requireHandle(program, BpfProgram, "program");
  const number = nativeLibraries().rawTracepointOpen(null, program.fd);
  if (number < 0) throw bpfFault(`attach of ${program.name}`, number);
  return number;
}
