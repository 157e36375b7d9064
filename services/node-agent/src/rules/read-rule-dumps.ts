import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { explain } from "@hostrouting/domain";
import type { Dump, DumpSource } from "@hostrouting/netfilter";

const run = promisify(execFile);

/** `tables`: a file that lists the older backend's tables; without any, asking it would load its modules. */
type Tool = { readonly source: DumpSource; readonly command: readonly [string, ...string[]]; readonly tables?: string };

const TOOLS: readonly Tool[] = [
  { source: "iptables-nft-save", command: ["iptables-nft-save"] },
  { source: "ip6tables-nft-save", command: ["ip6tables-nft-save"] },
  { source: "iptables-legacy-save", command: ["iptables-legacy-save"], tables: "/proc/net/ip_tables_names" },
  { source: "ip6tables-legacy-save", command: ["ip6tables-legacy-save"], tables: "/proc/net/ip6_tables_names" },
  // bridge and arp tables of iptables' makers are in it too, as every other family's
  { source: "nft-json", command: ["nft", "-j", "list", "ruleset"] },
];
/** 10,000 rules are written in about a second. */
const TIMEOUT_MS = 10_000;
/** 10,000 rules are 3.6 MB as JSON. */
const BYTES_MAX = 64 * 1024 * 1024;

/** Every packet filter rule of the current network namespace, as each tool shows it. Nothing is changed and nothing thrown. */
export async function readRuleDumps(): Promise<Dump[]> {
  const dumps = await Promise.all(TOOLS.map(readDump));
  return dumps.flatMap((dump) => dump ?? []);
}

async function readDump({ source, command: [program, ...args], tables }: Tool): Promise<Dump | undefined> {
  try {
    if (tables !== undefined && !hasTables(tables)) return undefined;
    const { stdout } = await run(program, args, { timeout: TIMEOUT_MS, maxBuffer: BYTES_MAX });
    return { source, text: stdout };
  } catch (error) {
    return { source, failed: explain(error).split("\n", 1)[0] ?? "" };
  }
}

/** Absent where the kernel has no older backend. */
function hasTables(file: string): boolean {
  try {
    return readFileSync(file, "utf8").trim() !== "";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
