import { getSystemErrorName } from "node:util";
import { AppError } from "@hostrouting/domain";

/** An AppError for a refused kernel call: what was tried on what, and the kernel's word (EPERM, EINVAL …) for why. */
export function bpfFault(what: string, errno: number, remedy = ""): AppError {
  const number = Math.abs(errno);
  return new AppError(`bpf.${errnoName(number).toLowerCase()}`, { say: `${what}: ${errnoName(number)}`, do: remedy });
}

/** From here on libbpf numbers its own errors (bpf/libbpf.h, enum libbpf_errno). */
const LIBBPF_ERRNO_FIRST = 4000;

/** The name of an errno value: 2 → "ENOENT". Unknown ones keep their number. */
export function errnoName(number: number): string {
  if (Math.abs(number) >= LIBBPF_ERRNO_FIRST) return `libbpf error ${Math.abs(number)}`;
  try {
    return getSystemErrorName(-Math.abs(number));
  } catch {
    return `errno ${Math.abs(number)}`;
  }
}

/** Whether `error` is a fault of ours that carries this errno name, e.g. `isFault(error, "ENOENT")`. */
export function isFault(error: unknown, name: string): boolean {
  return error instanceof AppError && error.code === `bpf.${name.toLowerCase()}`;
}

/** Refuses a wrong argument before it reaches C, where it would end the process. */
export function requireArgument(condition: boolean, say: string): asserts condition {
  if (!condition) throw new AppError("bpf.bad-argument", { say });
}
