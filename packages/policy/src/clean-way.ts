import type { Hook, Operand, PacketChain, PacketRule, PacketTable, RuleMatch } from "@hostrouting/netfilter";
import { contains, overlaps, parseRange, type AddressRange } from "./address-range.ts";
import { parsePorts, portsOverlap, type PortRange } from "./port-range.ts";
import { protocolsOf, type FilterProtocol, type RuleFilter } from "./rule-filter.ts";

/** How packets get to a rule: all of those that it is for, or not all, and which rule sees to that. */
export type Way =
  | { readonly kind: "Clean" }
  | { readonly kind: "Exempted"; readonly by: PacketRule }
  | { readonly kind: "Conditional"; readonly by: PacketRule }
  | { readonly kind: "NoWay" };

/** A table, prepared for the question which packets get to a rule. `owned`: rules whose exceptions are none, such as those of kube-proxy. */
export type WayMap = {
  readonly chains: ReadonlyMap<string, PacketChain>;
  /** Where each rule stands in its chain. */
  readonly indexes: ReadonlyMap<PacketRule, number>;
  readonly callers: ReadonlyMap<string, readonly { readonly chain: PacketChain; readonly index: number; readonly jump: PacketRule }[]>;
  readonly owned: ReadonlySet<PacketRule>;
  /** Of each chain the places of rules that may let packets past those behind them. */
  readonly exempting: ReadonlyMap<string, readonly number[]>;
};

/** The kernel allows 16 nested jumps (NFT_JUMP_STACK_SIZE). */
const DEPTH_MAX = 16;
/** Hooks on pods' way through the node, as far as a denial there means a denial for pods. */
const HOOKS: ReadonlySet<Hook> = new Set(["prerouting", "forward"]);

/** Prepares a table. */
export function wayMap(table: PacketTable, owned: ReadonlySet<PacketRule>): WayMap {
  const places = table.chains.flatMap((chain) =>
    chain.rules.flatMap((jump, index) => targetsOf(jump).map((target) => ({ target, place: { chain, index, jump } }))),
  );
  const callers = new Map(
    [...Map.groupBy(places, ({ target }) => target)].map(([target, list]) => [target, list.map(({ place }) => place)] as const),
  );
  const exempting = new Map(
    table.chains.map((chain) => [chain.name, chain.rules.flatMap((rule, index) => (mayExempt(rule) ? [index] : []))] as const),
  );
  const indexes = new Map(table.chains.flatMap((chain) => chain.rules.map((rule, index) => [rule, index] as const)));
  return { chains: new Map(table.chains.map((chain) => [chain.name, chain])), indexes, callers, owned, exempting };
}

/** The best way to the rule at `index` of a chain: one clean way is enough, since every packet takes it. */
export function wayTo(place: { readonly chain: PacketChain; readonly index: number }, filter: RuleFilter, map: WayMap): Way {
  return search(place, { filter, map, passed: [] });
}

type Search = { readonly filter: RuleFilter; readonly map: WayMap; readonly passed: readonly string[] };

function search({ chain, index }: { readonly chain: PacketChain; readonly index: number }, { filter, map, passed }: Search): Way {
  const by = exemptedBefore(chain, index, { filter, map });
  if (by !== undefined) return { kind: "Exempted", by };
  if (chain.base !== undefined) return { kind: HOOKS.has(chain.base.hook) ? "Clean" : "NoWay" };
  if (passed.length >= DEPTH_MAX || passed.includes(chain.name)) return { kind: "NoWay" };
  let best: Way = { kind: "NoWay" };
  for (const caller of map.callers.get(chain.name) ?? []) {
    const before = search(caller, { filter, map, passed: [...passed, chain.name] });
    const way: Way = before.kind === "Clean" && !isUnconditional(caller.jump.match) ? { kind: "Conditional", by: caller.jump } : before;
    if (way.kind === "Clean") return way;
    if (best.kind === "NoWay") best = way;
  }
  return best;
}

function exemptedBefore(chain: PacketChain, index: number, { filter, map }: Pick<Search, "filter" | "map">): PacketRule | undefined {
  for (const at of map.exempting.get(chain.name) ?? []) {
    if (at >= index) return undefined;
    const rule = chain.rules[at];
    if (rule !== undefined && exempts(rule, { filter, map })) return rule;
  }
  return undefined;
}

/** Queues are given back with a verdict of somebody else's, which may be to accept. */
const QUEUES: ReadonlySet<string> = new Set(["QUEUE", "NFQUEUE", "queue"]);

function mayExempt({ actions }: PacketRule): boolean {
  return actions.some(
    (action) => action.kind !== "drop" && action.kind !== "reject" && (action.kind !== "extension" || QUEUES.has(action.name)),
  );
}

function exempts(rule: PacketRule, { filter, map }: Pick<Search, "filter" | "map">): boolean {
  if (!mayOverlap(rule.match, filter) || isOfKnownConnections(rule.match)) return false;
  return rule.actions.some((action) => {
    // What is behind `goto` comes back to the caller, past the rest of this chain.
    if (action.kind === "accept" || action.kind === "return" || action.kind === "goto")
      return !map.owned.has(rule) || action.kind === "goto";
    if (action.kind === "extension") return QUEUES.has(action.name);
    return action.kind === "jump" && acceptsInside(action.chain, { filter, map });
  });
}

/** Whether some rule behind a jump accepts for good; one that returns comes back. */
function acceptsInside(start: string, { filter, map }: Pick<Search, "filter" | "map">): boolean {
  const names = new Set([start]);
  // A set grows while it is walked.
  for (const name of names) {
    const chain = map.chains.get(name);
    for (const at of map.exempting.get(name) ?? []) {
      const rule = chain?.rules[at];
      if (rule === undefined || !mayOverlap(rule.match, filter) || isOfKnownConnections(rule.match)) continue;
      const accepts = rule.actions.some(({ kind }) => kind === "accept" || kind === "extension");
      if (accepts && !map.owned.has(rule)) return true;
      for (const target of targetsOf(rule)) names.add(target);
    }
  }
  return false;
}

function targetsOf({ actions }: PacketRule): string[] {
  return actions.flatMap((action) => (action.kind === "jump" || action.kind === "goto" ? [action.chain] : []));
}

/** `--ctstate RELATED,ESTABLISHED`, and the same in nft's words. A connection begins before it is established: whoever denies its beginning loses nothing to such a rule. */
function isOfKnownConnections({ options }: RuleMatch): boolean {
  return options.some((option) => {
    const states = /^(?:--(?:ct)?state|ct state) (?:\{ )?([a-z, ]+?)(?: \})?$/i.exec(option)?.[1];
    return states?.split(/[, ]+/).every((state) => /^(related|established)$/i.test(state)) ?? false;
  });
}

function isUnconditional({ names, options, ...fields }: RuleMatch): boolean {
  const asks = names.some((name) => name !== "comment" && name !== "counter");
  return !asks && options.length === 0 && Object.values(fields).every((field) => field === undefined);
}

/** What of a match can be compared with a filter; parts that cannot be read are undefined, and may be anything. */
type Comparable = {
  readonly protocols: ReadonlySet<FilterProtocol> | undefined;
  readonly source: Side | undefined;
  readonly destination: Side | undefined;
  readonly ports: readonly PortRange[];
};
type Side = { readonly negated: boolean; readonly ranges: readonly AddressRange[] };

/** One rule is compared with all of those behind it. */
const comparables = new WeakMap<RuleMatch, Comparable>();

function comparable(match: RuleMatch): Comparable {
  const known = comparables.get(match);
  if (known !== undefined) return known;
  const ports = match.destinationPorts?.negated === false ? match.destinationPorts.values.map(parsePorts) : [];
  const made: Comparable = {
    protocols: protocolsOf(match.protocol),
    source: sideOf(match.source),
    destination: sideOf(match.destination),
    ports: ports.every((range) => range !== undefined) ? ports : [],
  };
  comparables.set(match, made);
  return made;
}

function sideOf(operand: Operand | undefined): Side | undefined {
  const ranges = operand?.values.map(parseRange);
  return operand && ranges?.every((range) => range !== undefined) === true ? { negated: operand.negated, ranges } : undefined;
}

/** Whether some packet may fit both. */
function mayOverlap(match: RuleMatch, filter: RuleFilter): boolean {
  const { protocols, source, destination, ports } = comparable(match);
  if (filter.protocol !== "Any" && protocols !== undefined && !protocols.has(filter.protocol)) return false;
  const side = filter.direction === "egress" ? destination : source;
  return (side === undefined || meets(side, filter)) && portsOverlap(ports, filter.ports);
}

function meets({ ranges: given, negated }: Side, { ranges }: RuleFilter): boolean {
  return ranges.some(({ range }) => (negated ? !given.some((each) => contains(each, range)) : given.some((each) => overlaps(each, range))));
}
