import { AppError } from "@hostrouting/domain";
import { bpfFault, requireArgument } from "./bpf-fault.ts";
import { nativeLibraries, type Pointer } from "./native.ts";

/** Where the compiler puts `const volatile` variables. */
const SECTION = ".rodata";
/** BTF_KIND_DATASEC (linux/btf.h). */
const KIND_DATASEC = 15;
/** `struct btf_type`: name_off, info, size; then per variable `struct btf_var_secinfo`: type, offset, size; each u32. */
const HEADER_BYTES = 12;
const VARIABLE_BYTES = 12;
/** The lower 16 bits of `info` count what follows. */
const COUNT_MASK = 0xffff;

type Variable = { name: string; offset: number; size: number };

/** Gives `const volatile` variables of an opened object their values. @throws AppError `bpf.enoent` for a name that is none, `bpf.bad-argument` for a value that does not fit. */
export function setConstants(object: Pointer, constants: readonly (readonly [name: string, value: number | bigint])[]): void {
  if (constants.length === 0) return;
  const native = nativeLibraries();
  const map = native.findMap(object, SECTION);
  const bytes = map && initialValue(map);
  if (!bytes) throw new AppError("bpf.enoent", { say: "The object has no constants" });
  const variables = readVariables(object);
  for (const [name, value] of constants) {
    const variable = variables.find((candidate) => candidate.name === name);
    if (!variable) throw new AppError("bpf.enoent", { say: `The object has no constant ${name}` });
    write(bytes, variable, value);
  }
  const result = native.setInitialValue(map, bytes, bytes.length);
  if (result < 0) throw bpfFault("constants", result);
}

function initialValue(map: Pointer): Buffer | undefined {
  const native = nativeLibraries();
  const size = Buffer.alloc(8);
  const value = native.initialValue(map, size);
  return value ? native.copyBytes(value, Number(size.readBigUInt64LE())) : undefined;
}

function readVariables(object: Pointer): Variable[] {
  const native = nativeLibraries();
  const btf = native.objectBtf(object);
  if (!btf) return [];
  const id = native.btfFind(btf, SECTION, KIND_DATASEC);
  const section = id > 0 ? native.btfType(btf, id) : null;
  if (!section) return [];
  const count = native.copyBytes(section, HEADER_BYTES).readUInt32LE(4) & COUNT_MASK;
  const entries = native.copyBytes(section, HEADER_BYTES + count * VARIABLE_BYTES).subarray(HEADER_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const at = index * VARIABLE_BYTES;
    const variable = native.btfType(btf, entries.readUInt32LE(at));
    const name = variable && native.btfName(btf, native.copyBytes(variable, HEADER_BYTES).readUInt32LE(0));
    return { name: name ?? "", offset: entries.readUInt32LE(at + 4), size: entries.readUInt32LE(at + 8) };
  });
}

function write(bytes: Buffer, { name, offset, size }: Variable, value: number | bigint): void {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  const fits = whole && size <= 8 && BigInt(value) >= 0n && BigInt(value) < 1n << BigInt(size * 8);
  requireArgument(fits, `constant ${name} has ${size} bytes: ${String(value)} does not fit`);
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64LE(BigInt(value));
  wide.copy(bytes, offset, 0, size);
}
