import { createHash } from "node:crypto";
import { addressBytes, type BpfMap } from "@hostrouting/bpf-loader";
import type { DeniedPorts, DenyTable } from "../policy/deny-table.ts";
import type { Datapath } from "./datapath.ts";
import { kernelPrefix } from "./kernel-address.ts";
import { DENIED, KERNEL_LAYOUTS, Struct } from "./kernel-layout.ts";

/** What the kernel denies now. `digest`: first 16 hex digits of the hash of all entries; two nodes with the same rules have the same. */
export type DenialsShown = { ranges: number; digest: string };

/** IANA's protocol numbers; 0 stands for all. */
const PROTOCOL = { Any: 0, TCP: 6, UDP: 17, SCTP: 132 } as const;
const FIRST = Buffer.alloc(4);
const TABLE_BITS = 32;
/** GOLDEN_RATIO of bpf/host-routing/hash.h. */
const GOLDEN_RATIO = 0x9e37_79b1;
const ALL_BITS = 0xffff_ffff_ffff_ffffn;

const KEY = KERNEL_LAYOUTS.hr_denied_key.members;
const PORTS = KERNEL_LAYOUTS.hr_denied_ports;
const HINT = KERNEL_LAYOUTS.hr_denied_hint;

type Maps = { denied: BpfMap; denying: BpfMap };
/** Entries as hex, keys without their table's number. */
type Entries = ReadonlyMap<string, string>;

/**
 * Makes the kernel deny what `table` says, from one packet to the next. Nothing is written when it does so already. The table that was in
 * force stays as it is until the next change, for the programs that are just reading it. False where this version has no deny rules.
 */
export function writeDenials(datapath: Datapath, table: DenyTable): boolean {
  const maps = mapsOf(datapath);
  if (!maps) return false;
  const wanted = entriesOf(table);
  const state = readState(maps);
  const active = state.number("active");
  if (isSame(activeEntries(maps, active), wanted)) return true;
  if (wanted.size === 0) {
    maps.denying.update(FIRST, state.set("active", 0).bytes);
    return true;
  }
  const next = (active % DENIED.TABLES) + 1;
  for (const key of maps.denied.keys()) if (tableOf(key) === next) maps.denied.delete(key);
  for (const [key, value] of wanted) maps.denied.update(withTable(key, next), Buffer.from(value, "hex"));
  hintOf(table).copy(state.bytes, KERNEL_LAYOUTS.hr_denying.members.hints.offset + (next - 1) * HINT.size);
  maps.denying.update(FIRST, state.bytes);
  maps.denying.update(FIRST, state.set("active", next).bytes);
  return true;
}

/** Reads back what is denied; undefined where this version has no deny rules. */
export function readDenials(datapath: Datapath): DenialsShown | undefined {
  const maps = mapsOf(datapath);
  if (!maps) return undefined;
  const entries = activeEntries(maps, readState(maps).number("active"));
  return { ranges: entries.size, digest: digestOf(entries) };
}

/** The digest that the kernel's entries have when they are this table's. */
export function denialsDigest(table: DenyTable): string {
  return digestOf(entriesOf(table));
}

function mapsOf({ maps: { hr_denied: denied, hr_denying: denying } }: Datapath): Maps | undefined {
  return denied && denying && { denied, denying };
}

function readState({ denying }: Maps): Struct<"hr_denying"> {
  return new Struct("hr_denying", denying.lookup(FIRST) ?? Buffer.alloc(KERNEL_LAYOUTS.hr_denying.size));
}

function activeEntries({ denied }: Maps, active: number): Entries {
  if (active === 0) return new Map();
  const keys = denied.keys().filter((key) => tableOf(key) === active);
  return new Map(keys.map((key) => [withTable(key.toString("hex"), 0).toString("hex"), denied.lookup(key)?.toString("hex") ?? ""]));
}

function entriesOf(table: DenyTable): Entries {
  return new Map([...table].map(([range, ports]) => [keyOf(range).toString("hex"), denial(ports).toString("hex")]));
}

function keyOf(range: string): Buffer {
  const prefix = new Struct("hr_prefix", kernelPrefix(range));
  const { offset, size } = KERNEL_LAYOUTS.hr_prefix.members.address;
  const key = new Struct("hr_denied_key").set("length", prefix.number("length") + TABLE_BITS);
  return key.set("table", range.includes(":") ? DENIED.V6 : 0).set("address", prefix.bytes.subarray(offset, offset + size)).bytes;
}

function tableOf(key: Buffer): number {
  return key.readUInt32LE(KEY.table.offset) % DENIED.V6;
}

function withTable(keyHex: string, table: number): Buffer {
  const key = Buffer.from(keyHex, "hex");
  const family = key.readUInt32LE(KEY.table.offset) - tableOf(key);
  key.writeUInt32LE(family + table, KEY.table.offset);
  return key;
}

function denial(ports: readonly DeniedPorts[]): Buffer {
  const all = Buffer.alloc(KERNEL_LAYOUTS.hr_denial.members.ports.size);
  ports.forEach(({ protocol, first, last }, index) => {
    const one = new Struct("hr_denied_ports").set("first", first).set("last", last).set("protocol", PROTOCOL[protocol]);
    one.bytes.copy(all, index * PORTS.size);
  });
  return new Struct("hr_denial").set("count", ports.length).set("ports", all).bytes;
}

/** See hr_denied_bit in bpf/host-routing/denial.h. A range that is wider than what the bit is reckoned from may be anywhere. */
function hintOf(table: DenyTable): Buffer {
  const bits = { v4: 0n, v6: 0n };
  for (const range of table.keys()) {
    const [address = "", length = ""] = range.split("/");
    const bytes = addressBytes(address);
    const family = bytes.length === 4 ? "v4" : "v6";
    const size = family === "v4" ? 2 : 4;
    const bit = 1n << BigInt(Math.imul(bytes.readUIntBE(0, size), GOLDEN_RATIO) >>> 26);
    bits[family] |= Number(length) < size * 8 ? ALL_BITS : bit;
  }
  return new Struct("hr_denied_hint").set("v4", bits.v4).set("v6", bits.v6).bytes;
}

function digestOf(entries: Entries): string {
  const lines = [...entries].map(([key, value]) => `${key} ${value}\n`).sort();
  return createHash("sha256").update(lines.join("")).digest("hex").slice(0, 16);
}

function isSame(a: Entries, b: Entries): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
