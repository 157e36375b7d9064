import type { Backend, PacketChain, PacketTable, Ruleset } from "./packet-rule.ts";

/**
 * The nft view without what the views of iptables-nft, ebtables-nft and arptables-nft show as well, so that nothing counts twice. What they
 * cannot show stays: tables that they hide, chains that they do not list or list with fewer rules, and what those lead to.
 */
export function withoutTwins(nft: Ruleset, saved: readonly Ruleset[]): Ruleset {
  const shown = new Map(
    saved.flatMap(({ backend, tables }) =>
      !isViewOfNft(backend) ? [] : tables.map((table) => [`${table.family} ${table.name}`, table] as const),
    ),
  );
  const tables = nft.tables.flatMap((table) => {
    const twin = shown.get(`${table.family} ${table.name}`);
    const rest = twin === undefined ? table : restOf(table, twin);
    return rest === undefined ? [] : [rest];
  });
  return { ...nft, tables };
}

/** Tables of the legacy backend have the same names and are others, and so is what stands for BPF programs. */
function isViewOfNft(backend: Backend): boolean {
  return backend !== "iptables-legacy" && backend !== "bpf" && backend !== "nft";
}

function restOf(table: PacketTable, twin: PacketTable): PacketTable | undefined {
  // A save tool does not say that a table is dormant, so that its view of one would count as active; judgement asks the nft view for that.
  const same = new Map(twin.chains.map((chain) => [chain.name, chain]));
  const kept = new Set(table.chains.filter((chain) => !isTwin(chain, same.get(chain.name))).map(({ name }) => name));
  const byName = new Map(table.chains.map((chain) => [chain.name, chain]));
  // A set grows while it is walked: what is kept keeps what it leads to.
  for (const name of kept) for (const target of targetsOf(byName.get(name))) kept.add(target);
  const chains = table.chains.filter(({ name }) => kept.has(name));
  return chains.length === 0 && table.flowtables.length === 0 ? undefined : { ...table, chains };
}

function isTwin(chain: PacketChain, twin: PacketChain | undefined): boolean {
  return twin !== undefined && twin.rules.length === chain.rules.length && twin.base?.hook === chain.base?.hook;
}

function targetsOf(chain: PacketChain | undefined): string[] {
  const actions = chain?.rules.flatMap((rule) => rule.actions) ?? [];
  return actions.flatMap((action) => (action.kind === "jump" || action.kind === "goto" ? [action.chain] : []));
}

/** The saved view with dormant marked as the nft view knows it: the save tools list dormant tables like any other. */
export function withDormancy(saved: Ruleset, nft: Ruleset | undefined): Ruleset {
  const dormant = new Set(nft?.tables.filter((table) => table.dormant).map((table) => `${table.family} ${table.name}`));
  if (!isViewOfNft(saved.backend) || dormant.size === 0) return saved;
  return { ...saved, tables: saved.tables.map((table) => ({ ...table, dormant: dormant.has(`${table.family} ${table.name}`) })) };
}
