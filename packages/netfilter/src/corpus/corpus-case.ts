import type { RuleClass } from "../classify-rules.ts";
import type { Dump, DumpSource } from "../node-dumps.ts";

/** A node's dumps and what has to be said of them. Only what is given is compared. */
export interface CorpusCase {
  readonly name: string;
  readonly dumps: readonly Dump[];
  readonly state: "Clean" | "Dirty" | "Unknown";
  /** How many rules are of each class; classes that are not named have none. */
  readonly classes?: Readonly<Partial<Record<RuleClass, number>>>;
  /** Parts of the rules that must be among the findings, one each. */
  readonly found?: readonly string[];
  /** The writer that some finding names. */
  readonly writer?: string;
  /** Version of the node's image; a recent one where it makes no difference. */
  readonly nodeImage?: string;
  /** What the same node showed earlier. */
  readonly before?: readonly Dump[];
  /** Entries whose rules are missed, each with its families. */
  readonly missing?: readonly string[];
}

/** Rules of a table in the order in which they were added. */
export type Tables = Readonly<Record<string, readonly string[]>>;

const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  raw: ["PREROUTING", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};

/** The text of iptables-save. Chains are declared by their first rule, or by a line `-N CHAIN`; `-P CHAIN POLICY` sets a policy. */
export function saved(tables: Tables): string {
  return Object.entries(tables)
    .map(([table, lines]) => tableText(table, lines))
    .join("");
}

function tableText(table: string, lines: readonly string[]): string {
  const policies = new Map((BUILT_IN[table] ?? []).map((chain) => [chain, "ACCEPT [0:0]"]));
  for (const line of lines) {
    const [command, chain = "", policy] = line.split(" ");
    if (command === "-P") policies.set(chain, `${policy ?? ""} [0:0]`);
    else if (!policies.has(chain)) policies.set(chain, "- [0:0]");
  }
  const rules = lines.filter((line) => line.startsWith("-A "));
  const chains = [...policies].map(([chain, policy]) => `:${chain} ${policy}`);
  return ["# Generated", `*${table}`, ...chains, ...rules, "COMMIT", "# Completed", ""].join("\n");
}

/** The dump of one iptables tool. */
export function dump(tables: Tables, source: DumpSource = "iptables-nft-save"): Dump {
  return { source, text: saved(tables) };
}

/** Both families' dumps with the same rules, IPv4 addresses and their ICMP answers put into those of IPv6. */
export function bothFamilies(tables: Tables): readonly Dump[] {
  const second = Object.entries(tables).map(([table, lines]) => [table, lines.map(inIpv6)] as const);
  return [dump(tables, "iptables-nft-save"), dump(Object.fromEntries(second), "ip6tables-nft-save")];
}

/** An IPv4 address is the end of one below fd00::, its prefix 96 bits longer. */
function inIpv6(line: string): string {
  const words = line.replaceAll(/icmp-(port-unreachable)|icmp-net-(prohibited)/g, (_, port, net) => `icmp6-${port ?? `adm-${net}`}`);
  const masked = words.replaceAll("255.255.255.255", Array.from({ length: 8 }, () => "ffff").join(":"));
  return masked.replaceAll(/\d+\.\d+\.\d+\.\d+(\/\d+)?/g, (address) => {
    const [a = 0, b = 0, c = 0, d = 0, length] = address.split(/[./]/).map(Number);
    const [high, low] = [a * 256 + b, c * 256 + d].map((half) => half.toString(16));
    return `fd00::${high}:${low}${length === undefined ? "" : `/${length + 96}`}`;
  });
}

/** The text of `nft -j list ruleset`. */
export function nftDump(...objects: readonly object[]): Dump {
  const metainfo = { version: "1.0.9", release_name: "Old Doc Yak #3", json_schema_version: 1 };
  return { source: "nft-json", text: JSON.stringify({ nftables: [{ metainfo }, ...objects] }) };
}
