import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { explain } from "@hostrouting/domain";
import { readFallbackRules, uniteFallbackRules, type FallbackRules } from "./fallback-rules.ts";

const run = promisify(execFile);

/** 10,000 rules are written in about a second. */
const SAVE_TIMEOUT_MS = 10_000;
/** The nat table of 10,000 Services: four rules of 300 bytes each for IPv4, with room. */
const SAVED_BYTES_MAX = 64 * 1024 * 1024;

/** Rules of both families. */
export type RulesByFamily = Readonly<Record<4 | 6, FallbackRules>>;

/** Where a family's rules are asked. Reading the older backend would load its modules, so only where it is in use. */
const SOURCES = {
  4: { nft: "/usr/sbin/iptables-nft-save", legacy: "/usr/sbin/iptables-legacy-save", tables: "/proc/net/ip_tables_names" },
  6: { nft: "/usr/sbin/ip6tables-nft-save", legacy: "/usr/sbin/ip6tables-legacy-save", tables: "/proc/net/ip6_tables_names" },
} as const;

/** Asks the node for its translation rules, of both kinds of iptables and both families, in the current network namespace. */
export async function askFallbackRules(): Promise<RulesByFamily> {
  const [v4, v6] = await Promise.all([askFamily(4), askFamily(6)]);
  return { 4: v4, 6: v6 };
}

async function askFamily(family: 4 | 6): Promise<FallbackRules> {
  const { nft, legacy, tables } = SOURCES[family];
  try {
    const commands = usesLegacy(tables) ? [nft, legacy] : [nft];
    const saved = await Promise.all(
      commands.map((command) => run(command, ["-t", "nat"], { timeout: SAVE_TIMEOUT_MS, maxBuffer: SAVED_BYTES_MAX })),
    );
    return uniteFallbackRules(saved.map(({ stdout }) => readFallbackRules(stdout, family)));
  } catch (error) {
    return { state: "unknown", message: explain(error).split("\n", 1)[0] ?? "" };
  }
}

function usesLegacy(tables: string): boolean {
  try {
    return readFileSync(tables, "utf8").split("\n").includes("nat");
  } catch {
    return false; // the module is not there
  }
}
