import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import {
  ADDRESS_CLASS,
  CONNTRACK,
  DIRECTIONS,
  ENDPOINT_FLAG,
  KERNEL_LAYOUTS,
  MODE,
  NAT_FLAG,
  OPERATION,
  REASONS,
  RESULT,
  ROLE,
  Struct,
  type Layout,
} from "./kernel-layout.ts";

const HEADER = path.join(import.meta.dirname, "../../../../bpf/shared/host_routing.h");

/** One type of the header, as the compiler lays it out; bpftool reads it from the BTF of a translation unit that uses it. */
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

const NAMES = {
  structs: Object.keys(KERNEL_LAYOUTS),
  enums: [
    "hr_mode",
    "hr_role",
    "hr_class",
    "hr_direction",
    "hr_reason",
    "hr_operation",
    "hr_result",
    "hr_endpoint_flag",
    "hr_nat_flag",
    "hr_conntrack",
  ],
};

/** Compiles the header alone, so that the comparison needs no built object and sees every type. */
function readBtf(): BtfType[] {
  const uses = [...NAMES.structs.map((name) => `struct ${name} s_${name};`), ...NAMES.enums.map((name) => `enum ${name} e_${name};`)];
  const source = `#include "${HEADER}"\n${uses.join("\n")}\n`;
  const arch = { x64: "x86_64", arm64: "aarch64" }[process.arch as "x64" | "arm64"];
  const args = ["-g", "-O2", "-target", "bpf", "-idirafter", `/usr/include/${arch}-linux-gnu`, "-x", "c", "-c", "-", "-o", "-"];
  const object = execFileSync("clang-14", args, { input: source, timeout: 30_000 });
  const folder = mkdtempSync(path.join(tmpdir(), "layout-"));
  try {
    writeFileSync(path.join(folder, "header.o"), object);
    const json = execFileSync("bpftool", ["-j", "btf", "dump", "file", path.join(folder, "header.o")], {
      encoding: "utf8",
      timeout: 30_000,
    });
    return (JSON.parse(json) as { types: BtfType[] }).types;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function sizeOf(types: BtfType[], id: number): number {
  const type = types.find((candidate) => candidate.id === id);
  if (!type) throw new Error(`no type ${id}`);
  if (type.kind === "ARRAY") return (type.nr_elems ?? 0) * sizeOf(types, type.type_id ?? 0);
  return type.kind === "TYPEDEF" ? sizeOf(types, type.type_id ?? 0) : (type.size ?? 0);
}

/** What differs between a layout of ours and the compiler's, padding members left out. */
function differences(types: BtfType[], name: string, layout: Layout): string[] {
  const struct = types.find((type) => type.kind === "STRUCT" && type.name === name);
  if (!struct) return [`${name} is not in the header`];
  const found = (struct.members ?? [])
    .filter((member) => member.name !== "pad")
    .map((member) => `${member.name} at ${member.bits_offset / 8}, ${sizeOf(types, member.type_id)} bytes`);
  const ours = Object.entries(layout.members).map(([member, { offset, size }]) => `${member} at ${offset}, ${size} bytes`);
  const all = new Set([...found, ...ours, `size ${struct.size}`, `size ${layout.size}`]);
  return [...all].filter(
    (line) => !(found.includes(line) && ours.includes(line)) && !(line.startsWith("size") && struct.size === layout.size),
  );
}

function enumValues(types: BtfType[], name: string): Record<string, number> {
  const found = types.find((type) => type.kind === "ENUM" && type.name === name);
  return Object.fromEntries((found?.values ?? []).map((value) => [value.name, value.val]));
}

const prefixed = (prefix: string, values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));

describe("layouts shared with the kernel", () => {
  const types = readBtf();

  for (const [name, layout] of Object.entries(KERNEL_LAYOUTS))
    it(`${name} is where the compiler puts it`, () => assert.deepEqual(differences(types, name, layout), []));

  it("would notice a moved, a resized, a forgotten and an invented member", () => {
    const { size, members } = KERNEL_LAYOUTS.hr_endpoint;
    const { mtu, ...rest } = members;
    const wrong: Layout[] = [
      { size, members: { ...members, mtu: { offset: 8, size: 4 } } },
      { size, members: { ...members, mtu: { ...mtu, size: 2 } } },
      { size, members: rest },
      { size, members: { ...members, invented: { offset: 20, size: 4 } } },
      { size: size + 8, members },
    ];
    for (const layout of wrong) assert.notDeepEqual(differences(types, "hr_endpoint", layout), []);
  });

  it("enums have the header's values", () => {
    assert.deepEqual(prefixed("HR_MODE_", MODE), enumValues(types, "hr_mode"));
    assert.deepEqual(prefixed("HR_ROLE_", ROLE), enumValues(types, "hr_role"));
    assert.deepEqual(prefixed("HR_CLASS_", ADDRESS_CLASS), enumValues(types, "hr_class"));
    assert.deepEqual(prefixed("HR_OP_", OPERATION), enumValues(types, "hr_operation"));
    assert.deepEqual(prefixed("HR_", RESULT), enumValues(types, "hr_result"));
    assert.deepEqual(prefixed("HR_ENDPOINT_", ENDPOINT_FLAG), enumValues(types, "hr_endpoint_flag"));
    assert.deepEqual(prefixed("HR_NAT_", NAT_FLAG), enumValues(types, "hr_nat_flag"));
    assert.deepEqual(prefixed("HR_CONNTRACK_", CONNTRACK), enumValues(types, "hr_conntrack"));
    assert.equal(enumValues(types, "hr_direction").HR_DIRECTION_MAX, DIRECTIONS.length);
  });

  it("reasons stand in the header's order", () => {
    const header = Object.entries(enumValues(types, "hr_reason")).filter(([name]) => name !== "HR_REASON_MAX");
    const camel = (name: string): string =>
      name.slice(2).replace(/_(.)([A-Z0-9]*)/g, (_, first: string, rest: string) => first + rest.toLowerCase());
    assert.deepEqual(
      header.sort((a, b) => a[1] - b[1]).map(([name]) => camel(name)),
      [...REASONS],
    );
  });
});

describe("Struct", () => {
  it("gives back what was set, and refuses bytes of the wrong length", () => {
    const endpoint = new Struct("hr_endpoint")
      .set("ifindex", 7)
      .set("pod_mac", Buffer.from("020000000001", "hex"))
      .set("last_stack_udp_ns", 9n);
    assert.equal(endpoint.number("ifindex"), 7);
    assert.equal(endpoint.bigint("last_stack_udp_ns"), 9n);
    assert.equal(endpoint.bytes.toString("hex", 8, 14), "020000000001");
    assert.throws(() => endpoint.set("pod_mac", Buffer.alloc(5)), /6 bytes/);
  });
});
