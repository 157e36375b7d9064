import { builtinTables } from "./builtin-chain.ts";
import type { Backend, Family, Hook, Ruleset } from "./packet-rule.ts";

/** What nft's view tells of a chain before its rules are read. */
export interface NftChain {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  readonly hook: Hook | undefined;
  readonly rules: number;
}

/**
 * Which chains of the nft view are not to be counted from there: those that iptables-nft, ebtables-nft or arptables-nft show as well, with as many
 * rules and at the same hook. What they cannot show stays with nft: tables that they hide, and chains that they do not list or list with fewer
 * rules. Where such a tool failed, its built-in tables are left out: no entry of the allow-list knows nft's words for their rules, so that one
 * slow tool would make every node dirty; the dump that was not read keeps the node from being clean.
 */
export function shownElsewhere(saved: readonly Ruleset[], failed: readonly Family[]): (chain: NftChain) => boolean {
  const shown = new Map<string, { readonly hook: Hook | undefined; readonly rules: number }>();
  const tables = saved.filter(({ backend }) => isViewOfNft(backend)).flatMap((ruleset) => ruleset.tables);
  for (const { family, name, chains } of tables)
    for (const { name: chain, base, rules } of chains) shown.set(keyOf(family, name, chain), { hook: base?.hook, rules: rules.length });
  return ({ family, table, chain, hook, rules }) => {
    if (failed.includes(family) && builtinTables(family).includes(table)) return true;
    const twin = shown.get(keyOf(family, table, chain));
    return twin !== undefined && twin.rules === rules && twin.hook === hook;
  };
}

/** The saved view with dormant marked as the nft view knows it: the save tools list dormant tables like any other. @param dormant family and name */
export function withDormancy(saved: Ruleset, dormant: ReadonlySet<string>): Ruleset {
  if (!isViewOfNft(saved.backend) || dormant.size === 0) return saved;
  return { ...saved, tables: saved.tables.map((table) => ({ ...table, dormant: dormant.has(`${table.family} ${table.name}`) })) };
}

/** Tables of the legacy backend have the same names and are others, and so is what stands for BPF programs. */
function isViewOfNft(backend: Backend): boolean {
  return backend !== "iptables-legacy" && backend !== "bpf" && backend !== "nft";
}

function keyOf(family: Family, table: string, chain: string): string {
  return `${family} ${table} ${chain}`;
}
