import { requireArgument } from "./bpf-fault.ts";

/** PATH_MAX of Linux; libbpf copies names and paths into buffers of that order. */
const TEXT_BYTES_MAX = 4095;
const INDEX_MAX = 0x7fff_ffff;
const U32_MAX = 0xffff_ffff;

/** A name or a path for C: no NUL, which would cut it, and no empty one. */
export function requireText(value: unknown, what: string): asserts value is string {
  const fits = typeof value === "string" && value.length > 0 && !value.includes("\0") && Buffer.byteLength(value) <= TEXT_BYTES_MAX;
  requireArgument(fits, `${what} is no usable text`);
}

/** Memory of exactly `length` bytes: with less the kernel would read or write past its end. */
export function requireBytes(value: unknown, length: number, what: string): asserts value is Buffer {
  requireArgument(Buffer.isBuffer(value), `${what}: that is no buffer`);
  requireArgument(value.length === length, `${what} have ${length} bytes, not ${value.length}`);
}

/** A whole number between `least` and `most`. */
export function requireWhole(value: unknown, range: { least: number; most: number }, what: string): asserts value is number {
  const fits = Number.isInteger(value) && (value as number) >= range.least && (value as number) <= range.most;
  requireArgument(fits, `${what} is no whole number from ${range.least} to ${range.most}`);
}

/** A network device's index. */
export function requireIndex(value: unknown): asserts value is number {
  requireWhole(value, { least: 1, most: INDEX_MAX }, "an interface index");
}

/** A number of 32 bits without sign. */
export function requireU32(value: unknown, what: string): asserts value is number {
  requireWhole(value, { least: 0, most: U32_MAX }, what);
}

/** One of our handles (a map, a program, a socket …): anything else has no descriptor behind it. `kind` is its class. */
export function requireHandle<T>(value: unknown, kind: { readonly prototype: T }, what: string): asserts value is T {
  requireArgument(value instanceof (kind as unknown as abstract new () => T & object), `that is no ${what}`);
}
