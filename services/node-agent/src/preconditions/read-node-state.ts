import { execFile } from "node:child_process";
import { accessSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Conntrack } from "@hostrouting/bpf-loader";
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

/** Reads everything that preconditions are judged by, in the current network namespace. Nothing is changed and nothing thrown. */
export async function readNodeState(): Promise<NodeReadings> {
  return {
    looseTcp: readText(`${SYSCTL}/netfilter/nf_conntrack_tcp_loose`),
    ipvsConntrack: readText(`${SYSCTL}/ipv4/vs/conntrack`),
    ipvsTable: readText("/proc/net/ip_vs"),
    mounts: readText("/proc/self/mountinfo"),
    btf: readPresence("/sys/kernel/btf/vmlinux"),
    zones: readZones(),
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

function readZones(): NodeReadings["zones"] {
  const count = readText(`${SYSCTL}/netfilter/nf_conntrack_count`);
  if (count.kind === "unknown") return count;
  if (count.kind === "absent" || Number(count.text) > ENTRIES_READ_MAX) return { kind: "read", inUse: [] };
  try {
    const conntrack = Conntrack.open();
    try {
      const zones = ([4, 6] as const).flatMap((family) => conntrack.entries(family).map(({ zone }) => zone));
      return { kind: "read", inUse: [...new Set(zones)].filter((zone) => zone !== 0) };
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

function readText(path: string): Reading {
  try {
    return { kind: "read", text: readFileSync(path, "utf8") };
  } catch (error) {
    return unreadable(path, error);
  }
}
