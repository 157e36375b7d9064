import { isJsonObject, wordOf } from "./json-shape.ts";
import type { Family, Hook, PacketChain, PacketTable, Ruleset } from "./packet-rule.ts";
import { excerpt, unreadable, type Parsed } from "./parsed.ts";

/** A BPF program at a hook of netfilter, in the kernel's numbers: NFPROTO_* and NF_INET_* (linux/netfilter.h). `link`: id of what holds it there. */
export interface NetfilterProgram {
  readonly link: number;
  readonly program: string;
  readonly protocol: number;
  readonly hook: number;
  readonly priority: number;
}

const FAMILIES: Readonly<Record<number, Family>> = { 2: "ip", 10: "ip6" };
const HOOKS: readonly Hook[] = ["prerouting", "input", "forward", "output", "postrouting"];

/**
 * Reads a list of programs (JSON of NetfilterProgram[]) as rules: each is a rule of the chain named after its hook, in a table `bpf`. What such a
 * program does cannot be seen, so it counts as one that drops.
 */
export function parseNetfilterLinks(text: string): Parsed<Ruleset> {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return unreadable("the whole text", "it is not JSON");
  }
  if (!Array.isArray(list)) return unreadable("the whole text", "it is no list");
  const tables = new Map<Family, Map<Hook, PacketChain>>();
  for (const [index, program] of list.entries()) {
    const why = takeProgram(program, tables);
    if (why !== undefined) return unreadable(`program ${index + 1}`, why);
  }
  return { outcome: "Parsed", backend: "bpf", tables: [...tables].map(([family, chains]) => tableOf(family, chains)), hidden: [] };
}

function takeProgram(value: unknown, tables: Map<Family, Map<Hook, PacketChain>>): string | undefined {
  if (!isJsonObject(value)) return "it has no fields";
  const { link, program, protocol, hook, priority } = value;
  if (typeof program !== "string") return "it has no name";
  if (![link, protocol, hook, priority].every(Number.isSafeInteger)) return "a number of it is missing";
  const family = FAMILIES[Number(protocol)];
  if (family === undefined) return `the protocol ${excerpt(wordOf(protocol))} is not known`;
  const name = HOOKS[Number(hook)];
  if (name === undefined) return `the hook ${excerpt(wordOf(hook))} is not known`;
  const chains = tables.get(family) ?? new Map<Hook, PacketChain>();
  const chain = chains.get(name) ?? { name, base: { hook: name, type: "filter", devices: [] }, rules: [] };
  const rule = {
    text: `program ${program} of link ${wordOf(link)} at priority ${wordOf(priority)}`,
    match: { names: [], options: [] },
    actions: [{ kind: "extension", name: "bpf-program", options: [] } as const],
    handle: Number(link),
  };
  chains.set(name, { ...chain, rules: [...chain.rules, rule] });
  tables.set(family, chains);
  return undefined;
}

function tableOf(family: Family, chains: ReadonlyMap<Hook, PacketChain>): PacketTable {
  return { family, name: "bpf", dormant: false, chains: [...chains.values()], sets: [], maps: [], flowtables: [] };
}
