import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A struct as TypeScript sees it: offsets and sizes in bytes, padding left out. */
type Layout = { readonly size: number; readonly members: Readonly<Record<string, { readonly offset: number; readonly size: number }>> };

/** A C header, and the names of those of its types that are compared. */
export type HeaderNames = { readonly header: string; readonly structs: readonly string[]; readonly enums: readonly string[] };

/** One type as bpftool prints it from BTF. */
type BtfType = {
  id: number;
  kind: string;
  name: string;
  size?: number;
  members?: { name: string; type_id: number; bits_offset: number }[];
  values?: { name: string; val: number }[];
  type_id?: number;
  nr_elems?: number;
};

const TOOL_TIMEOUT_MS = 30_000;
const ARCH = { x64: "x86_64", arm64: "aarch64" }[process.arch as "x64" | "arm64"];

/** The types of a header as the compiler lays them out for eBPF: the other side of every layout that TypeScript writes down. */
export class HeaderTypes {
  readonly #types: readonly BtfType[];

  private constructor(types: readonly BtfType[]) {
    this.#types = types;
  }

  /** Compiles the header alone, so that the comparison needs no built object and sees every type. */
  static read({ header, structs, enums }: HeaderNames): HeaderTypes {
    const uses = [...structs.map((name) => `struct ${name} s_${name};`), ...enums.map((name) => `enum ${name} e_${name};`)];
    return new HeaderTypes(dumpTypes(`#include "${header}"\n${uses.join("\n")}\n`));
  }

  /** What differs between a layout and the compiler's, one sentence each. Members named `pad` are padding. */
  differences(name: string, layout: Layout): string[] {
    const struct = this.#types.find((type) => type.kind === "STRUCT" && type.name === name);
    if (!struct) return [`${name} is not in the header`];
    const found = (struct.members ?? [])
      .filter((member) => member.name !== "pad")
      .map((member) => `${member.name} at ${member.bits_offset / 8}, ${this.#sizeOf(member.type_id)} bytes`);
    const ours = Object.entries(layout.members).map(([member, { offset, size }]) => `${member} at ${offset}, ${size} bytes`);
    return [...new Set([...found, `size ${struct.size}`]).symmetricDifference(new Set([...ours, `size ${layout.size}`]))];
  }

  /** The values of an enum by name; nothing when there is no such enum. */
  enumValues(name: string): Record<string, number> {
    const found = this.#types.find((type) => type.kind === "ENUM" && type.name === name);
    return Object.fromEntries((found?.values ?? []).map((value) => [value.name, value.val]));
  }

  #sizeOf(id: number): number {
    const type = this.#types.find((candidate) => candidate.id === id);
    if (!type) throw new Error(`no type ${id}`);
    if (type.kind === "ARRAY") return (type.nr_elems ?? 0) * this.#sizeOf(type.type_id ?? 0);
    return type.kind === "TYPEDEF" ? this.#sizeOf(type.type_id ?? 0) : (type.size ?? 0);
  }
}

function dumpTypes(source: string): BtfType[] {
  const args = ["-g", "-O2", "-target", "bpf", "-idirafter", `/usr/include/${ARCH}-linux-gnu`, "-x", "c", "-c", "-", "-o", "-"];
  const object = execFileSync("clang-14", args, { input: source, timeout: TOOL_TIMEOUT_MS });
  const folder = mkdtempSync(path.join(tmpdir(), "layout-"));
  try {
    const file = path.join(folder, "header.o");
    writeFileSync(file, object);
    const json = execFileSync("bpftool", ["-j", "btf", "dump", "file", file], { encoding: "utf8", timeout: TOOL_TIMEOUT_MS });
    return (JSON.parse(json) as { types: BtfType[] }).types;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
