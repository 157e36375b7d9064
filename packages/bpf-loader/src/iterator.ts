import { readSync } from "node:fs";
import { bpfFault } from "./bpf-fault.ts";
import { BpfProgram } from "./bpf-program.ts";
import { requireHandle } from "./checked-arguments.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { nativeLibraries } from "./native.ts";

/** BPF_TRACE_ITER (linux/bpf.h). */
const TRACE_ITER = 28;
const READ_BYTES = 64 * 1024;
const EMSGSIZE = 90;
/** Whatever an iterator of ours writes is far shorter. */
const WRITTEN_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Runs an iterator program (section `iter/…`) over all that it iterates, and answers what it wrote with bpf_seq_write. Nothing stays
 * attached. @throws AppError `bpf.einval` for a program of another kind.
 */
export function runIterator(program: BpfProgram): Buffer {
  requireHandle(program, BpfProgram, "program");
  const native = nativeLibraries();
  const link = opened(native.linkCreate(program.fd, 0, TRACE_ITER, null), `iterator ${program.name}`);
  try {
    const file = opened(native.iteratorCreate(link.number), `iterator ${program.name}`);
    try {
      return readWhole(file, program.name);
    } finally {
      file.close();
    }
  } finally {
    link.close();
  }
}

function opened(number: number, what: string): FileDescriptor {
  if (number < 0) throw bpfFault(what, number);
  return new FileDescriptor(number, what);
}

function readWhole(file: FileDescriptor, name: string): Buffer {
  const parts: Buffer[] = [];
  for (let length = 0; length <= WRITTEN_BYTES_MAX;) {
    const part = Buffer.alloc(READ_BYTES);
    const read = readSync(file.number, part);
    if (read === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, read));
    length += read;
  }
  throw bpfFault(`iterator ${name}: no end after ${WRITTEN_BYTES_MAX} bytes`, EMSGSIZE);
}
