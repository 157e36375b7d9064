import { builtinHook, builtinTables } from "./builtin-chain.ts";
import type { Backend, ChainBase, Family, HiddenTable, PacketChain, PacketRule, PacketTable, Ruleset } from "./packet-rule.ts";
import { excerpt, unreadable, type Parsed } from "./parsed.ts";
import { readSavedRule, type SaveDialect } from "./save-rule.ts";

/** A kind of saved text. */
export interface SaveFormat {
  readonly backend: Backend;
  readonly family: Family;
  readonly dialect: SaveDialect;
  /** iptables ends each table with COMMIT, so that a text that was cut off is seen; ebtables and arptables do not. */
  readonly commits: boolean;
}

type OpenTable = { name: string; chains: Map<string, OpenChain>; names: Set<string> };
type OpenChain = { name: string; base: ChainBase | undefined; policy: PacketChain["policy"]; rules: PacketRule[] };
type State = { format: SaveFormat; tables: PacketTable[]; hidden: HiddenTable[]; open: OpenTable | undefined };

const POLICIES: Readonly<Record<string, NonNullable<PacketChain["policy"]>>> = { ACCEPT: "accept", DROP: "drop", RETURN: "return" };
/** iptables/nft.c, nft_is_table_compatible and its callers: what iptables-nft-save prints in place of a table that nft changed. */
const HIDDEN = /^# Table [`'](\S+)' (is incompatible|contains incompatible)/;
/** Chains may be declared with packet and byte counters behind the policy. */
const CHAIN = /^:(\S+) (\S+)(?: \[\d+:\d+\])?$/;
const COUNTERS = /^\[\d+:\d+\] (?=-A )/;

/** Reads the text of one of the save tools. Every line is understood, or the text is Unreadable at that line. */
export function parseSaveText(text: string, format: SaveFormat): Parsed<Ruleset> {
  const state: State = { format, tables: [], hidden: [], open: undefined };
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const why = takeLine(line.trimEnd(), state);
    if (why !== undefined) return unreadable(`line ${index + 1}`, why);
  }
  if (state.open !== undefined && format.commits)
    return unreadable(`line ${lines.length}`, `the text ends inside of table "${excerpt(state.open.name)}"`);
  close(state);
  return { outcome: "Parsed", backend: format.backend, tables: state.tables, hidden: state.hidden };
}

function takeLine(line: string, state: State): string | undefined {
  if (line === "") return undefined;
  if (line.startsWith("#")) return takeRemark(line, state);
  if (line.startsWith("*")) return openTable(line.slice(1), state);
  if (state.open === undefined) return `"${excerpt(line)}" stands outside of a table`;
  if (line.startsWith(":")) return declareChain(line, state.open, state.format);
  if (line === "COMMIT") return close(state);
  return takeRule(line.replace(COUNTERS, ""), state.open, state.format);
}

function takeRemark(line: string, state: State): undefined {
  const name = HIDDEN.exec(line)?.[1];
  if (name !== undefined) state.hidden.push({ family: state.format.family, name });
}

function openTable(name: string, state: State): string | undefined {
  if (state.open !== undefined && state.format.commits) return `table "${excerpt(name)}" begins before the one above ends`;
  if (!builtinTables(state.format.family).includes(name)) return `there is no table "${excerpt(name)}" in ${state.format.backend}`;
  close(state);
  if (state.tables.some((table) => table.name === name)) return `table "${name}" is there twice`;
  state.open = { name, chains: new Map(), names: new Set() };
  return undefined;
}

function declareChain(line: string, open: OpenTable, format: SaveFormat): string | undefined {
  const [, name, word] = CHAIN.exec(line) ?? [];
  if (name === undefined || word === undefined) return `"${excerpt(line)}" does not declare a chain`;
  if (open.chains.has(name)) return `chain "${excerpt(name)}" is there twice`;
  const policy = POLICIES[word];
  if (policy === undefined && word !== "-") return `chain "${excerpt(name)}" has the unknown policy "${excerpt(word)}"`;
  const hook = builtinHook(format.family, open.name, name);
  if (hook === undefined && policy !== undefined && format.commits)
    return `chain "${excerpt(name)}" has a policy and is none of table "${open.name}"`;
  const base = hook && { hook, type: open.name === "nat" ? "nat" : "filter", devices: [] };
  open.chains.set(name, { name, base, policy, rules: [] });
  open.names.add(name);
  return undefined;
}

function takeRule(line: string, open: OpenTable, format: SaveFormat): string | undefined {
  const read = readSavedRule(line, format.dialect, open.names);
  if ("why" in read) return read.why;
  open.chains.get(read.chain)?.rules.push(read.rule);
  return undefined;
}

function close(state: State): undefined {
  if (state.open === undefined) return;
  const chains = [...state.open.chains.values()].map(finishedChain);
  const { family } = state.format;
  state.tables.push({ family, name: state.open.name, dormant: false, chains, sets: [], maps: [], flowtables: [] });
  state.open = undefined;
}

function finishedChain({ name, base, policy, rules }: OpenChain): PacketChain {
  return { name, rules, ...(base === undefined ? {} : { base }), ...(policy === undefined ? {} : { policy }) };
}
