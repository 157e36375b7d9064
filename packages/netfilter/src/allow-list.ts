import type { AllowEntry, RuleShape } from "./allow-entry.ts";
import { checkedAllowDocument } from "./load-allow-list.ts";
import type { Action, Family, Operand, PacketRule } from "./packet-rule.ts";

export type { AllowDocument, AllowEntry, EffectWhenBypassed, RuleShape } from "./allow-entry.ts";

/** Entries that were checked, ready to be asked. */
export interface AllowList {
  readonly version: number;
  readonly entries: readonly AllowEntry[];
  readonly matchers: readonly Matcher[];
}

type Matcher = { readonly entry: AllowEntry; readonly chain: (name: string) => boolean; readonly rule: (asked: Asked) => boolean };

/** Where rules stand. */
export interface RulePlace {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
}

/** Reads a document of entries. Throws AppError `netfilter.allow-list` that names the entry and the field at fault. */
export function loadAllowList(document: unknown): AllowList {
  const { version, entries } = checkedAllowDocument(document);
  return { version, entries, matchers: entries.map(matcherOf) };
}

/** The entries that apply to nodes of an image. A version that has no numbers fits no bound: nothing is allowed by guess. */
export function forNodeImage(list: AllowList, version: string): AllowList {
  const fits = ({ nodeImages }: AllowEntry): boolean =>
    nodeImages === undefined || (/^\d+(\.\d+)*$/.test(version) && isBetween(version, nodeImages.from ?? version, nodeImages.to ?? version));
  return { ...list, entries: list.entries.filter(fits), matchers: list.matchers.filter(({ entry }) => fits(entry)) };
}

/** Entries to take out of the list, since nothing that is supported on that day (YYYY-MM-DD) writes their rules. */
export function retiredEntries(list: AllowList, day: string): AllowEntry[] {
  return list.entries.filter(({ retireAfter }) => retireAfter !== undefined && retireAfter < day);
}

/** Asks for the first entry that knows a rule of one chain. Most chains are in no entry, and their rules need not be asked for one by one. */
export function entriesFor(list: AllowList, { family, table, chain }: RulePlace): (rule: PacketRule) => AllowEntry | undefined {
  const matchers = list.matchers.filter(
    ({ entry, chain: fits }) => entry.families.includes(family) && entry.tables.includes(table) && fits(chain),
  );
  if (matchers.length === 0) return () => undefined;
  return (rule) => {
    const asked: Asked = { rule, key: undefined };
    return matchers.find((one) => one.rule(asked))?.entry;
  };
}

/** A rule that several entries are asked for; its key is made once, if at all. */
type Asked = { readonly rule: PacketRule; key: string | undefined };

function matcherOf(entry: AllowEntry): Matcher {
  const { chain, rule, leadsTo } = entry;
  const chainPattern = chain.startsWith("^") ? new RegExp(chain) : undefined;
  const fits = typeof rule === "string" ? fitsPattern(new RegExp(rule)) : fitsShape(keyOfShape(rule));
  const verdict = leadsTo === undefined ? undefined : new RegExp(leadsTo);
  return {
    entry,
    chain: (name) => (chainPattern === undefined ? name === chain : chainPattern.test(name)),
    rule: verdict === undefined ? fits : (asked) => fits(asked) && asked.rule.actions.every((action) => verdict.test(actionText(action))),
  };
}

function fitsPattern(pattern: RegExp): Matcher["rule"] {
  return ({ rule }) => {
    const text = firstOfNumbered(rule.text);
    return text.length <= TEXT_CHARS_MAX && pattern.test(text);
  };
}

/** How nft writes the endpoints of a Service in one rule: numbered, however many there are. */
const NUMBERED = [
  String.raw`\{"concat":\["[0-9a-f.:]{2,39}",\d{1,5}\]\}`,
  String.raw`\{"goto":\{"target":"endpoint-[A-Za-z0-9./_-]{1,250}"\}\}`,
].map((endpoint) => new RegExp(String.raw`(\[\[0,${endpoint}\])(?:,\[\d{1,5},${endpoint}\])+\]`, "g"));

/** Patterns are asked about the first endpoint; only what is written exactly like it is left out. */
function firstOfNumbered(text: string): string {
  if (!text.includes("[[0,{")) return text;
  return NUMBERED.reduce((shorter, list) => shorter.replaceAll(list, "$1]"), text);
}

function fitsShape(shape: string): Matcher["rule"] {
  return (asked) => (asked.key ??= keyOfRule(asked.rule)) === shape;
}

/** Rules of known owners have at most 500; the time of a pattern with several open ends grows with the square. */
const TEXT_CHARS_MAX = 2_000;

const FIELDS = ["inInterface", "outInterface", "source", "destination", "protocol", "sourcePorts", "destinationPorts"] as const;
/** What the fields imply, and some tools write and others do not. */
const IMPLIED: ReadonlySet<string> = new Set(["tcp", "udp", "sctp", "multiport", "comment"]);

function keyOfShape(shape: RuleShape): string {
  const fields = FIELDS.map((field) => shape[field] ?? null);
  return JSON.stringify([fields, shape.comment ?? null, shape.matches ?? [], shape.options ?? [], [shape.action]]);
}

function keyOfRule({ match, comment, actions }: PacketRule): string {
  const fields = FIELDS.map((field) => operandText(match[field]));
  const matches = match.names.filter((name) => !IMPLIED.has(name)).sort();
  return JSON.stringify([fields, comment ?? null, matches, match.options, actions.map(actionText)]);
}

function operandText(operand: Operand | undefined): string | null {
  return operand === undefined ? null : `${operand.negated ? "! " : ""}${operand.values.join(",")}`;
}

function actionText(action: Action): string {
  switch (action.kind) {
    case "jump":
      return action.chain;
    case "goto":
      return `goto ${action.chain}`;
    case "extension":
      return [action.name, ...action.options].join(" ");
    case "accept":
    case "drop":
    case "reject":
    case "return":
      return action.kind.toUpperCase();
  }
}

function isBetween(version: string, from: string, to: string): boolean {
  return compareVersions(from, version) <= 0 && compareVersions(version, to) <= 0;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  const length = Math.max(left?.length ?? 0, right?.length ?? 0);
  for (let at = 0; at < length; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
