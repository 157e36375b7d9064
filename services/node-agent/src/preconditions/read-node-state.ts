import { execFile } from "node:child_process";
import { accessSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Conntrack, type ConntrackEntry } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import type { FilterReading, NodeReadings, Reading } from "./judge-preconditions.ts";

const run = promisify(execFile);

const SYSCTL = "/proc/sys/net";
/** Tables in which rules deny or mark; Services' translation is in nat, which may be very long and says nothing here. */
const TABLES = ["filter", "mangle", "raw"] as const;
/** Reading the older backend would load its modules, so only the tables that it has. */
const BACKENDS = [
  { command: "iptables-nft-save", names: undefined, backend: "nft" },
  { command: "ip6tables-nft-save", names: undefined, backend: "nft" },
  { command: "iptables-legacy-save", names: "/proc/net/ip_tables_names", backend: "legacy" },
  { command: "ip6tables-legacy-save", names: "/proc/net/ip6_tables_names", backend: "legacy" },
] as const;
/** 10,000 rules are written in about a second. */
const SAVE_TIMEOUT_MS = 10_000;
/** 10,000 rules of 300 bytes, with room. */
const SAVED_BYTES_MAX = 16 * 1024 * 1024;
/** Entries are read and decoded between two heartbeats: 20,000 take about 200 ms. With more of them the rules alone must tell. */
const ENTRIES_READ_MAX = 20_000;

/** What conntrack knows, or how many flows there are where these are too many to read. */
export type EntriesReading =
  | { kind: "read"; entries: readonly ConntrackEntry[] }
  | { kind: "counted"; flows: number }
  | { kind: "unknown"; because: string };

/** Reads everything that preconditions are judged by, in the current network namespace. Nothing is changed and nothing thrown. */
export async function readNodeState(entries: EntriesReading = readEntries()): Promise<NodeReadings> {
  return {
    looseTcp: readText(`${SYSCTL}/netfilter/nf_conntrack_tcp_loose`),
    ipvsConntrack: readText(`${SYSCTL}/ipv4/vs/conntrack`),
    ipvsTable: readText("/proc/net/ip_vs"),
    mounts: readText("/proc/self/mountinfo"),
    btf: readPresence("/sys/kernel/btf/vmlinux"),
    zones: zonesOf(entries),
    filters: (await Promise.all(BACKENDS.map(saveTables))).flat(),
  };
}

async function saveTables({ command, names, backend }: (typeof BACKENDS)[number]): Promise<FilterReading[]> {
  const present = names === undefined ? undefined : readText(names);
  if (present?.kind === "absent") return [];
  if (present?.kind === "unknown") return [{ ...present, backend }];
  const tables = present === undefined ? TABLES : TABLES.filter((table) => present.text.split("\n").includes(table));
  return Promise.all(tables.map(async (table) => ({ ...(await saveTable(command, table)), backend })));
}

async function saveTable(command: string, table: string): Promise<Reading> {
  try {
    const { stdout } = await run(command, ["-t", table], { timeout: SAVE_TIMEOUT_MS, maxBuffer: SAVED_BYTES_MAX });
    return { kind: "read", text: stdout };
  } catch (error) {
    return { kind: "unknown", because: explain(error).split("\n", 1)[0] ?? "" };
  }
}

function zonesOf(read: EntriesReading): NodeReadings["zones"] {
  if (read.kind === "unknown") return read;
  const zones = read.kind === "read" ? read.entries.map(({ zone }) => zone) : [];
  return { kind: "read", inUse: [...new Set(zones)].filter((zone) => zone !== 0) };
}

/** Asks conntrack of the current network namespace. Nothing is thrown. */
export function readEntries(): EntriesReading {
  const count = readText(`${SYSCTL}/netfilter/nf_conntrack_count`);
  if (count.kind === "unknown") return count;
  if (count.kind === "absent") return { kind: "read", entries: [] };
  if (Number(count.text) > ENTRIES_READ_MAX) return { kind: "counted", flows: Number(count.text) };
  try {
    const conntrack = Conntrack.open();
    try {
      return { kind: "read", entries: ([4, 6] as const).flatMap((family) => conntrack.entries(family)) };
    } finally {
      conntrack.close();
    }
  } catch (error) {
    return { kind: "unknown", because: explain(error) };
  }
}

/** The types of a kernel are some megabytes: that they are there is enough. */
function readPresence(path: string): Reading {
  try {
    accessSync(path);
    return { kind: "read", text: "" };
  } catch (error) {
    return unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Reading {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? { kind: "absent" } : { kind: "unknown", because: `${path}: ${code ?? explain(error)}` };
}

/** A text of the kernel's. Nothing is thrown. */
export function readText(path: string): Reading {
  try {
    return { kind: "read", text: readFileSync(path, "utf8") };
  } catch (error) {
    return unreadable(path, error);
  }
}
