import type { Family, Ruleset } from "./packet-rule.ts";
import { parseArptablesSave, parseEbtablesSave } from "./parse-ebtables-save.ts";
import { parseIptablesSave } from "./parse-iptables-save.ts";
import { parseNetfilterLinks } from "./parse-netfilter-links.ts";
import { parseNftJson } from "./parse-nft-json.ts";
import { unreadable, type Parsed } from "./parsed.ts";
import { shownElsewhere, withDormancy } from "./shown-elsewhere.ts";

/**
 * A tool whose view of a node is asked. `nft-json` is `nft -j -s list ruleset`; `netfilter-links` is JSON of NetfilterProgram[]; `ebtables-legacy` are
 * tables that no tool reads without making them, so that there is nothing but the word that they are there.
 */
export type DumpSource =
  | "iptables-legacy-save"
  | "ip6tables-legacy-save"
  | "iptables-nft-save"
  | "ip6tables-nft-save"
  | "nft-json"
  | "ebtables-nft-save"
  | "arptables-nft-save"
  | "ebtables-legacy"
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

const PARSERS: Readonly<Record<Exclude<DumpSource, "nft-json">, (text: string) => Parsed<Ruleset>>> = {
  "iptables-legacy-save": (text) => parseIptablesSave(text, { backend: "iptables-legacy", family: "ip" }),
  "ip6tables-legacy-save": (text) => parseIptablesSave(text, { backend: "iptables-legacy", family: "ip6" }),
  "iptables-nft-save": (text) => parseIptablesSave(text, { backend: "iptables-nft", family: "ip" }),
  "ip6tables-nft-save": (text) => parseIptablesSave(text, { backend: "iptables-nft", family: "ip6" }),
  "ebtables-nft-save": parseEbtablesSave,
  "arptables-nft-save": parseArptablesSave,
  "ebtables-legacy": unreadTables,
  "netfilter-links": parseNetfilterLinks,
};

function unreadTables(): Parsed<Ruleset> {
  return unreadable("the tables", "nothing here reads them");
}

/** Reads all dumps of one node together: the nft view without what the others show, the others with what only nft knows. */
export function readDumps(dumps: readonly Dump[]): NodeRules {
  const unread: UnreadDump[] = [];
  const saved: { source: DumpSource; ruleset: Ruleset }[] = [];
  for (const dump of dumps) {
    if (dump.source === "nft-json") continue;
    const parsed = read(dump, PARSERS[dump.source]);
    if (parsed.outcome === "Parsed") saved.push({ source: dump.source, ruleset: parsed });
    else unread.push({ source: dump.source, at: parsed.at, why: parsed.why });
  }
  const rulesets = saved.map(({ ruleset }) => ruleset);
  const isShown = shownElsewhere(
    rulesets,
    unread.flatMap(({ source }) => TWIN_FAMILIES[source] ?? []),
  );
  const views = dumps.filter(({ source }) => source === "nft-json").map((dump) => read(dump, (text) => parseNftJson(text, isShown)));
  for (const view of views) if (view.outcome !== "Parsed") unread.push({ source: "nft-json", at: view.at, why: view.why });
  const nft = views.find((view) => view.outcome === "Parsed");
  if (nft === undefined) return { rulesets, unread: [...unread, ...saved.flatMap(hiddenTables)] };
  return { rulesets: [...rulesets.map((ruleset) => withDormancy(ruleset, nft.dormant)), nft], unread };
}

function read<T>(dump: Dump, parse: (text: string) => Parsed<T>): Parsed<T> {
  return "failed" in dump ? { outcome: "Unreadable", at: "the tool", why: dump.failed } : parse(dump.text);
}

/** Families whose built-in tables a save tool shows by name, and nft with half of their matches hidden (`xt`). */
const TWIN_FAMILIES: Readonly<Partial<Record<DumpSource, Family>>> = {
  "iptables-nft-save": "ip",
  "ip6tables-nft-save": "ip6",
  "ebtables-nft-save": "bridge",
  "arptables-nft-save": "arp",
};

function hiddenTables({ source, ruleset }: { source: DumpSource; ruleset: Ruleset }): UnreadDump[] {
  return ruleset.hidden.map(({ name }) => ({ source, at: `table ${name}`, why: "it cannot be shown by this tool, and nft was not asked" }));
}
