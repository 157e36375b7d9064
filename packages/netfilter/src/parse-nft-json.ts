import { isJsonObject, stringsOf, wordOf, type JsonObject } from "./json-shape.ts";
import { nftObjects, type NftObject, type RulePlace } from "./nft-objects.ts";
import { elementVerdicts, readNftRule } from "./nft-rule.ts";
import type { Action, ChainBase, Family, Hook, PacketChain, PacketRule, PacketTable, Ruleset } from "./packet-rule.ts";
import { excerpt, unreadable, type Parsed } from "./parsed.ts";
import { targetsOf } from "./reachable-chains.ts";
import type { NftChain } from "./shown-elsewhere.ts";

type OpenTable = {
  family: Family;
  name: string;
  dormant: boolean;
  chains: Map<string, OpenChain>;
  sets: string[];
  maps: Map<string, readonly Action[]>;
  flowtables: string[];
};
type OpenChain = { name: string; base: ChainBase | undefined; policy: "accept" | "drop" | undefined; rules: NftObject[] };
type Tables = Map<string, OpenTable>;
type Reader = (value: JsonObject, table: OpenTable) => string | undefined;

const FAMILIES: ReadonlySet<string> = new Set<Family>(["ip", "ip6", "inet", "bridge", "arp", "netdev"]);
const HOOKS: ReadonlySet<string> = new Set<Hook>(["prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"]);
/** Objects that rules refer to and that do nothing by themselves. libnftables-json(5), "RULESET ELEMENTS". */
const REFERRED = ["counter", "quota", "limit", "ct helper", "ct timeout", "ct expectation", "synproxy", "secmark", "tunnel", "element"];
const NOTHING: Reader = () => undefined;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["chain", takeChain],
  ["set", takeSet],
  ["meter", takeSet],
  ["map", takeMap],
  ["flowtable", takeFlowtable],
  ["rule", NOTHING],
  ...REFERRED.map((kind): [string, Reader] => [kind, NOTHING]),
]);

/** nftables, src/json.c, JSON_SCHEMA_VERSION. */
const JSON_SCHEMA_VERSION = 1;
/** Rules last: nft may list a map behind the rule that asks it. */
const FIRST = ["table", "chain", "map"];
const LAST = "rule";

/** The nft view; `dormant` are family and name of all tables that sleep, also of those that are left out. */
export interface NftRuleset extends Ruleset {
  readonly dormant: ReadonlySet<string>;
}

/**
 * Reads what `nft -j list ruleset` prints. Objects of unknown kinds make the text Unreadable: they may hold rules. Chains that are shown elsewhere
 * are left out and their rules not read, unless another chain leads there. libnftables-json(5); nftables, src/json.c.
 */
export function parseNftJson(text: string, isShown: (chain: NftChain) => boolean = () => false): Parsed<NftRuleset> {
  const objects = nftObjects(text);
  if (typeof objects === "string") return unreadable("the whole text", objects);
  const tables: Tables = new Map();
  for (const object of inOrder(objects)) {
    const why = takeObject(object, tables);
    if (why !== undefined) return unreadable(placeOf(object), why);
  }
  const read: PacketTable[] = [];
  for (const table of tables.values()) {
    const finished = finishedTable(table, isShown);
    if ("why" in finished) return unreadable(placeOf(finished.object), finished.why);
    if (finished.table !== undefined) read.push(finished.table);
  }
  const dormant = [...tables.values()].filter((table) => table.dormant).map(({ family, name }) => `${family} ${name}`);
  return { outcome: "Parsed", backend: "nft", tables: read, hidden: [], dormant: new Set(dormant) };
}

function inOrder(objects: readonly NftObject[]): NftObject[] {
  const byKind = Map.groupBy(objects, ({ kind }) => (FIRST.includes(kind) || kind === LAST ? kind : ""));
  return [...FIRST, "", LAST].flatMap((kind) => byKind.get(kind) ?? []);
}

function placeOf({ index }: NftObject): string {
  return `object ${index + 1}`;
}

function takeObject(object: NftObject, tables: Tables): string | undefined {
  const { kind, place } = object;
  if (kind === "") return "it does not name its kind";
  if (place !== undefined) return addRule(object, place, tables.get(`${place.family} ${place.table}`));
  const value = object.value();
  if (kind === "metainfo") return whyVersionIsRefused(value);
  if (!isJsonObject(value)) return `the ${excerpt(kind)} has no fields`;
  if (kind === "table") return takeTable(value, tables);
  const reader = READERS.get(kind);
  if (reader === undefined) return `objects of kind "${excerpt(kind)}" are not known`;
  const table = tables.get(`${wordOf(value["family"])} ${wordOf(value["table"])}`);
  if (table === undefined) return `the ${kind} is in table "${excerpt(wordOf(value["table"]))}", which is not listed`;
  if (kind === "rule") return addRule(object, { family: table.family, table: table.name, chain: wordOf(value["chain"]) }, table);
  return reader(value, table);
}

/** What it says is read later, if at all. */
function addRule(rule: NftObject, { table: name, chain: wanted }: RulePlace, table: OpenTable | undefined): string | undefined {
  if (table === undefined) return `the rule is in table "${excerpt(name)}", which is not listed`;
  const chain = table.chains.get(wanted);
  if (chain === undefined) return `the rule is in chain "${excerpt(wanted)}", which is not listed`;
  chain.rules.push(rule);
  return undefined;
}

/** Of another version objects may mean something else. Versions before 0.9.1 do not say theirs. */
function whyVersionIsRefused(metainfo: unknown): string | undefined {
  const version = isJsonObject(metainfo) ? metainfo["json_schema_version"] : undefined;
  if (version === undefined || version === JSON_SCHEMA_VERSION) return undefined;
  return `its version ${excerpt(wordOf(version))} is not known`;
}

function takeTable({ family, name, flags }: JsonObject, tables: Tables): string | undefined {
  if (typeof family !== "string" || !isFamily(family)) return `the family "${excerpt(wordOf(family))}" is not known`;
  if (typeof name !== "string") return "a table has no name";
  // A flag of another name leaves the table active: nft 1.0.6 prints the wrong word, and an active table is judged more severely.
  const dormant = stringsOf(flags).includes("dormant");
  tables.set(`${family} ${name}`, { family, name, dormant, chains: new Map(), sets: [], maps: new Map(), flowtables: [] });
  return undefined;
}

function takeChain({ name, type, hook, prio, policy, dev }: JsonObject, table: OpenTable): string | undefined {
  if (typeof name !== "string") return "a chain has no name";
  if (hook !== undefined && (typeof hook !== "string" || !isHook(hook))) return `the hook "${excerpt(wordOf(hook))}" is not known`;
  if (policy !== undefined && policy !== "accept" && policy !== "drop") return `the policy "${excerpt(wordOf(policy))}" is not known`;
  const priority = typeof prio === "number" ? { priority: prio } : {};
  const base = hook === undefined ? undefined : { hook, type: wordOf(type ?? "filter"), devices: stringsOf(dev), ...priority };
  table.chains.set(name, { name, base, policy, rules: [] });
  return undefined;
}

function takeSet({ name }: JsonObject, table: OpenTable): string | undefined {
  if (typeof name !== "string") return "a set has no name";
  table.sets.push(name);
  return undefined;
}

function takeMap({ name, map, elem }: JsonObject, table: OpenTable): string | undefined {
  if (typeof name !== "string") return "a map has no name";
  // Only maps to verdicts lead anywhere; others give addresses and marks to statements that are judged by themselves.
  const verdicts = map === "verdict" ? elementVerdicts(elem ?? []) : [];
  if (verdicts === undefined) return `an element of the map "${excerpt(name)}" has no verdict`;
  table.maps.set(name, verdicts);
  return undefined;
}

function takeFlowtable({ name }: JsonObject, table: OpenTable): string | undefined {
  if (typeof name !== "string") return "a flowtable has no name";
  table.flowtables.push(name);
  return undefined;
}

type Finished = { readonly table: PacketTable | undefined } | { readonly why: string; readonly object: NftObject };

/** With the chains that are shown nowhere else and those that these lead to; undefined when nothing of it is left. */
function finishedTable(open: OpenTable, isShown: (chain: NftChain) => boolean): Finished {
  const { family, name, dormant, sets, maps, flowtables } = open;
  const chains = [...open.chains.values()];
  const hidden = new Set(
    chains.filter((chain) => isShown({ family, table: name, chain: chain.name, hook: chain.base?.hook, rules: chain.rules.length })),
  );
  const kept = new Map<OpenChain, PacketChain>();
  // A list grows while it is walked: what is kept keeps what it leads to.
  const waiting = chains.filter((chain) => !hidden.has(chain));
  for (const chain of waiting) {
    const finished = finishedChain(chain, maps);
    if ("why" in finished) return finished;
    kept.set(chain, finished);
    for (const target of finished.rules.flatMap(targetsOf)) {
      const next = open.chains.get(target);
      if (next !== undefined && hidden.delete(next)) waiting.push(next);
    }
  }
  if (hidden.size > 0 && kept.size === 0 && flowtables.length === 0) return { table: undefined };
  const left = chains.flatMap((chain) => kept.get(chain) ?? []);
  return { table: { family, name, dormant, chains: left, sets, maps: [...maps.keys()], flowtables } };
}

function finishedChain(
  { name, base, policy, rules }: OpenChain,
  maps: OpenTable["maps"],
): PacketChain | { why: string; object: NftObject } {
  const read: PacketRule[] = [];
  for (const object of rules) {
    const value = object.value();
    const rule = isJsonObject(value) ? readNftRule(value, maps) : "it is not JSON";
    if (typeof rule === "string") return { why: rule, object };
    read.push(rule);
  }
  return { name, rules: read, ...(base === undefined ? {} : { base }), ...(policy === undefined ? {} : { policy }) };
}

function isFamily(word: string): word is Family {
  return FAMILIES.has(word);
}

function isHook(word: string): word is Hook {
  return HOOKS.has(word);
}
