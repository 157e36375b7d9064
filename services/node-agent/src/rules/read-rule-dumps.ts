import { readFileSync } from "node:fs";
import { explain } from "@hostrouting/domain";
import type { Dump, DumpSource } from "@hostrouting/netfilter";
import { runTool, type ToolLimits } from "./run-tool.ts";

/** `tables`: a file that lists the older backend's tables; without any, asking it would load its modules. */
export type Tool = { readonly source: DumpSource; readonly command: readonly [string, ...string[]]; readonly tables?: string };

/** Rules of nf_tables, which tells of its changes. Bridge and arp tables of iptables' makers are in nft's list too, as every other family's. */
const NFT_TOOLS: readonly Tool[] = [
  { source: "iptables-nft-save", command: ["iptables-nft-save"] },
  { source: "ip6tables-nft-save", command: ["ip6tables-nft-save"] },
  // without counters, whose numbers say nothing here
  { source: "nft-json", command: ["nft", "-j", "-s", "list", "ruleset"] },
];
/** Rules of the older backend, which tells nothing. */
const LEGACY_TOOLS: readonly Tool[] = [
  { source: "iptables-legacy-save", command: ["iptables-legacy-save"], tables: "/proc/net/ip_tables_names" },
  { source: "ip6tables-legacy-save", command: ["ip6tables-legacy-save"], tables: "/proc/net/ip6_tables_names" },
];
/** 10,000 rules are written in about a second, on a busy node in ten, and are 3.6 MB as JSON. Nobody waits for a scan. */
export const SCAN_LIMITS: ToolLimits = { timeoutMs: 30_000, bytesMax: 64 * 1024 * 1024 };

/** Every packet filter rule of nf_tables in the current network namespace, as each tool shows it. Nothing is changed and nothing thrown. */
export function readNftDumps(tools: readonly Tool[] = NFT_TOOLS, limits: ToolLimits = SCAN_LIMITS): Promise<Dump[]> {
  return readAll(tools, limits);
}

/** The same of iptables' older backend: nothing where it has no tables. */
export function readLegacyDumps(tools: readonly Tool[] = LEGACY_TOOLS, limits: ToolLimits = SCAN_LIMITS): Promise<Dump[]> {
  return readAll(tools, limits);
}

async function readAll(tools: readonly Tool[], limits: ToolLimits): Promise<Dump[]> {
  const dumps = await Promise.all(tools.map((tool) => readDump(tool, limits)));
  return dumps.flatMap((dump) => dump ?? []);
}

async function readDump({ source, command, tables }: Tool, limits: ToolLimits): Promise<Dump | undefined> {
  try {
    if (tables !== undefined && !hasTables(tables)) return undefined;
  } catch (error) {
    return { source, failed: explain(error) };
  }
  return { source, ...(await runTool(command, limits)) };
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
