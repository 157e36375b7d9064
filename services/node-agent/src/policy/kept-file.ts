import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { DeniedPorts } from "./deny-table.ts";
import { NO_POLICIES, type KeptPolicies } from "./keep-policies.ts";

/** Reads what an earlier process of this boot kept. A missing or damaged file reads as "nothing was ever seen". */
export function readKeptPolicies(path: string): KeptPolicies {
  try {
    const parsed = JSON.parse(readFileSync(path, "utf8")) as Omit<KeptPolicies, "table"> & { table: [string, DeniedPorts[]][] };
    const { policies, table, fault } = parsed;
    const isWhole = Array.isArray(policies) && policies.every(({ rules }) => Array.isArray(rules));
    return isWhole ? { policies, table: new Map(table), ...(fault !== undefined && { fault }) } : NO_POLICIES;
  } catch {
    return NO_POLICIES;
  }
}

/** Replaces the file in one step, so that a crash leaves the old one or the new one. */
export function writeKeptPolicies(path: string, { table, ...rest }: KeptPolicies): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify({ ...rest, table: [...table] })}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
