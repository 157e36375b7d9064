import type { AllowEntry } from "./allow-list.ts";
import type { PacketChain, PacketRule, PacketTable } from "./packet-rule.ts";
import { targetsOf } from "./reachable-chains.ts";
import { effectOf } from "./rule-effect.ts";

/** Rules that let packets past an owned rule that is replaced, with the id of that rule's entry. */
export type Exemptions = ReadonlyMap<PacketRule, string>;

type Walk = {
  readonly chains: ReadonlyMap<string, PacketChain>;
  readonly owners: ReadonlyMap<PacketRule, AllowEntry>;
  readonly found: Map<PacketRule, string>;
  /** What walking a chain answered, by its name and the rule that followed: chains are shared, and their number of ways grows with each jump. */
  readonly walked: Map<string, string | undefined>;
};

/**
 * Finds ACCEPT and RETURN rules in front of owned rules whose work is replaced by something that knows no exceptions: the node's policies deny
 * to all, its masquerading follows its own list. The chains of each base chain are walked backwards, as the kernel would meet them.
 */
export function exemptions(table: PacketTable, owners: ReadonlyMap<PacketRule, AllowEntry>): Exemptions {
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
  const walk: Walk = { chains, owners, found: new Map(), walked: new Map() };
  const replaces = [...owners.values()].some(({ effectWhenBypassed }) => effectWhenBypassed === "replaced");
  if (!replaces) return walk.found;
  for (const chain of table.chains) if (chain.base !== undefined) walkChain(chain, { after: undefined, depth: 0 }, walk);
  return walk.found;
}

/** The kernel allows 16 nested jumps (NFT_JUMP_STACK_SIZE); a deeper text is not one that it took. */
const DEPTH_MAX = 16;

type Place = { readonly after: string | undefined; readonly depth: number };

/** Walks a chain from its end; `after` is the replaced rule that follows it. Answers the replaced rule that follows its beginning. */
function walkChain(chain: PacketChain, { after, depth }: Place, walk: Walk): string | undefined {
  const key = `${chain.name}\n${after ?? ""}`;
  if (depth > DEPTH_MAX) return after;
  if (walk.walked.has(key)) return walk.walked.get(key);
  walk.walked.set(key, after); // the answer for a chain that leads to itself
  let inChain: string | undefined;
  for (const rule of chain.rules.toReversed()) {
    const ahead = inChain ?? after;
    const owner = walk.owners.get(rule);
    const effect = effectOf(rule).kind;
    const past = effect === "accepts" ? ahead : effect === "returns" ? inChain : undefined;
    if (owner === undefined && past !== undefined) walk.found.set(rule, past);
    if (owner?.effectWhenBypassed === "replaced" && effect === "acts") inChain = owner.id;
    for (const target of targetsOf(rule)) {
      const next = walk.chains.get(target);
      const inside = next && walkChain(next, { after: ahead, depth: depth + 1 }, walk);
      if (inside !== ahead) inChain = inside ?? inChain;
    }
  }
  walk.walked.set(key, inChain ?? after);
  return inChain ?? after;
}
