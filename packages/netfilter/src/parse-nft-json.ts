import { isJsonObject, onlyField, stringsOf, wordOf, type JsonObject } from "./json-shape.ts";
import { elementVerdicts, readNftRule } from "./nft-rule.ts";
import type { Action, ChainBase, Family, Hook, PacketChain, PacketRule, PacketTable, Ruleset } from "./packet-rule.ts";
import { excerpt, unreadable, type Parsed } from "./parsed.ts";

type OpenTable = {
  family: Family;
  name: string;
  dormant: boolean;
  chains: Map<string, { name: string; base: ChainBase | undefined; policy: "accept" | "drop" | undefined; rules: PacketRule[] }>;
  sets: string[];
  maps: Map<string, readonly Action[]>;
  flowtables: string[];
};
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
  ["rule", takeRule],
  ...REFERRED.map((kind): [string, Reader] => [kind, NOTHING]),
]);

/** nftables, src/json.c, JSON_SCHEMA_VERSION. */
const JSON_SCHEMA_VERSION = 1;
/** Rules last: nft may list a map behind the rule that asks it. */
const ORDER = ["table", "chain", "map", "set", "rule"];

/**
 * Reads what `nft -j list ruleset` prints. Objects of unknown kinds make the text Unreadable: they may hold rules. libnftables-json(5);
 * nftables, src/json.c.
 */
export function parseNftJson(text: string): Parsed<Ruleset> {
  const objects = listedObjects(text);
  if (typeof objects === "string") return unreadable("the whole text", objects);
  const tables: Tables = new Map();
  for (const { index, kind, value } of objects) {
    const why = takeObject(kind, value, tables);
    if (why !== undefined) return unreadable(`object ${index + 1}`, why);
  }
  return { outcome: "Parsed", backend: "nft", tables: [...tables.values()].map(finishedTable), hidden: [] };
}

type Listed = { readonly index: number; readonly kind: string; readonly value: unknown };

function listedObjects(text: string): Listed[] | string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return "it is not JSON"; // what the parser says quotes the text, which may be megabytes
  }
  const list = isJsonObject(document) ? document["nftables"] : undefined;
  if (!Array.isArray(list)) return 'it has no list "nftables"';
  const objects = list.map((object: unknown, index): Listed => {
    const [kind, value] = onlyField(object) ?? ["", undefined];
    return { index, kind, value };
  });
  const rank = ({ kind }: Listed): number => (ORDER.indexOf(kind) + ORDER.length) % ORDER.length;
  return objects.toSorted((a, b) => rank(a) - rank(b));
}

function takeObject(kind: string, value: unknown, tables: Tables): string | undefined {
  if (kind === "") return "it does not name its kind";
  if (kind === "metainfo") return whyVersionIsRefused(value);
  if (!isJsonObject(value)) return `the ${excerpt(kind)} has no fields`;
  if (kind === "table") return takeTable(value, tables);
  const reader = READERS.get(kind);
  if (reader === undefined) return `objects of kind "${excerpt(kind)}" are not known`;
  const table = tables.get(`${wordOf(value["family"])} ${wordOf(value["table"])}`);
  if (table === undefined) return `the ${kind} is in table "${excerpt(wordOf(value["table"]))}", which is not listed`;
  return reader(value, table);
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

function takeRule(value: JsonObject, table: OpenTable): string | undefined {
  const chain = table.chains.get(wordOf(value["chain"]));
  if (chain === undefined) return `the rule is in chain "${excerpt(wordOf(value["chain"]))}", which is not listed`;
  const rule = readNftRule(value, table.maps);
  if (typeof rule === "string") return rule;
  chain.rules.push(rule);
  return undefined;
}

function finishedTable({ family, name, dormant, chains, sets, maps, flowtables }: OpenTable): PacketTable {
  const finished = [...chains.values()].map(({ base, policy, ...chain }): PacketChain => {
    return { ...chain, ...(base === undefined ? {} : { base }), ...(policy === undefined ? {} : { policy }) };
  });
  return { family, name, dormant, chains: finished, sets, maps: [...maps.keys()], flowtables };
}

function isFamily(word: string): word is Family {
  return FAMILIES.has(word);
}

function isHook(word: string): word is Hook {
  return HOOKS.has(word);
}
