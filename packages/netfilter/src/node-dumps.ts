import { builtinTables } from "./builtin-chain.ts";
import type { Family, PacketTable, Ruleset } from "./packet-rule.ts";
import { parseArptablesSave, parseEbtablesSave } from "./parse-ebtables-save.ts";
import { parseIptablesSave } from "./parse-iptables-save.ts";
import { parseNetfilterLinks } from "./parse-netfilter-links.ts";
import { parseNftJson } from "./parse-nft-json.ts";
import type { Parsed } from "./parsed.ts";
import { withDormancy, withoutTwins } from "./without-twins.ts";

/** A tool whose view of a node is asked. `nft-json` is `nft -j list ruleset`; `netfilter-links` is JSON of NetfilterProgram[]. */
export type DumpSource =
  | "iptables-legacy-save"
  | "ip6tables-legacy-save"
  | "iptables-nft-save"
  | "ip6tables-nft-save"
  | "nft-json"
  | "ebtables-nft-save"
  | "arptables-nft-save"
  | "netfilter-links";

/** What a tool printed, or that it could not be asked and why. */
export type Dump = { readonly source: DumpSource; readonly text: string } | { readonly source: DumpSource; readonly failed: string };

/** A dump that says nothing, or not all: its node cannot be called clean. */
export interface UnreadDump {
  readonly source: DumpSource;
  readonly at: string;
  readonly why: string;
}

/** Everything that dumps show, each rule once. */
export interface NodeRules {
  readonly rulesets: readonly Ruleset[];
  readonly unread: readonly UnreadDump[];
}

const PARSERS: Readonly<Record<DumpSource, (text: string) => Parsed<Ruleset>>> = {
  "iptables-legacy-save": (text) => parseIptablesSave(text, { backend: "iptables-legacy", family: "ip" }),
  "ip6tables-legacy-save": (text) => parseIptablesSave(text, { backend: "iptables-legacy", family: "ip6" }),
  "iptables-nft-save": (text) => parseIptablesSave(text, { backend: "iptables-nft", family: "ip" }),
  "ip6tables-nft-save": (text) => parseIptablesSave(text, { backend: "iptables-nft", family: "ip6" }),
  "nft-json": parseNftJson,
  "ebtables-nft-save": parseEbtablesSave,
  "arptables-nft-save": parseArptablesSave,
  "netfilter-links": parseNetfilterLinks,
};

/** Reads all dumps of one node together: the nft view without what the others show, the others with what only nft knows. */
export function readDumps(dumps: readonly Dump[]): NodeRules {
  const unread: UnreadDump[] = [];
  const read: { source: DumpSource; ruleset: Ruleset }[] = [];
  for (const dump of dumps) {
    const { source } = dump;
    const parsed = "failed" in dump ? { outcome: "Unreadable" as const, at: "the tool", why: dump.failed } : PARSERS[source](dump.text);
    if (parsed.outcome === "Parsed") read.push({ source, ruleset: parsed });
    else unread.push({ source, at: parsed.at, why: parsed.why });
  }
  const nft = read.find(({ source }) => source === "nft-json")?.ruleset;
  const saved = read.filter(({ source }) => source !== "nft-json").map(({ ruleset }) => withDormancy(ruleset, nft));
  if (nft === undefined) {
    unread.push(...read.flatMap(hiddenTables));
    return { rulesets: saved, unread };
  }
  const families = unread.flatMap(({ source }) => TWIN_FAMILIES[source] ?? []);
  return { rulesets: [...saved, withoutTwins(withoutTables(nft, families), saved)], unread };
}

/** Families whose built-in tables a save tool shows by name, and nft with half of their matches hidden (`xt`). */
const TWIN_FAMILIES: Readonly<Partial<Record<DumpSource, Family>>> = {
  "iptables-nft-save": "ip",
  "ip6tables-nft-save": "ip6",
  "ebtables-nft-save": "bridge",
  "arptables-nft-save": "arp",
};

/**
 * Without the built-in tables of families whose save tool failed: no entry of the allow-list knows nft's words for their rules, so that one
 * slow tool would make every node dirty. The dump that was not read keeps the node from being clean.
 */
function withoutTables(nft: Ruleset, families: readonly Family[]): Ruleset {
  const isLeftOut = ({ family, name }: PacketTable): boolean => families.includes(family) && builtinTables(family).includes(name);
  return { ...nft, tables: nft.tables.filter((table) => !isLeftOut(table)) };
}

function hiddenTables({ source, ruleset }: { source: DumpSource; ruleset: Ruleset }): UnreadDump[] {
  return ruleset.hidden.map(({ name }) => ({ source, at: `table ${name}`, why: "it cannot be shown by this tool, and nft was not asked" }));
}
