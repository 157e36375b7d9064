import assert from "node:assert/strict";
import {
  classifyRules,
  defaultAllowList,
  loadAllowList,
  parseIptablesSave,
  parseNftJson,
  type Judged,
  type Ruleset,
} from "@hostrouting/netfilter";
import type { ClusterPlace } from "../rule-filter.ts";
import { translateRules, type Translation } from "../translate-rules.ts";

const allowList = loadAllowList(defaultAllowList);

/** Ranges and nodes of the clusters of these tests. */
export const PLACE: ClusterPlace = {
  nodeAddresses: ["10.224.0.4", "10.224.0.5", "fd00:10::4"],
  clusterCidrs: ["10.244.0.0/16", "10.0.0.0/16", "10.224.0.0/16", "fd00:244::/48"],
};

const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  raw: ["PREROUTING", "OUTPUT"],
};

/** Lines of one table as iptables-save prints them; a chain is there when a rule is in it. */
export function rulesOf(table: string, lines: readonly string[], family: "ip" | "ip6" = "ip"): Ruleset {
  const own = new Set(lines.filter((line) => line.startsWith("-A ")).map((line) => line.split(" ")[1] ?? ""));
  const builtIn = BUILT_IN[table] ?? [];
  const policies = new Map(lines.filter((line) => line.startsWith("-P ")).map((line) => line.slice(3).split(" ") as [string, string]));
  const chains = [
    ...builtIn.map((chain) => `:${chain} ${policies.get(chain) ?? "ACCEPT"} [0:0]`),
    ...[...own].filter((chain) => !builtIn.includes(chain)).map((chain) => `:${chain} - [0:0]`),
  ];
  const text = [`*${table}`, ...chains, ...lines.filter((line) => line.startsWith("-A ")), "COMMIT", ""].join("\n");
  const parsed = parseIptablesSave(text, { backend: "iptables-nft", family });
  assert.ok(parsed.outcome === "Parsed", JSON.stringify(parsed));
  return parsed;
}

/** What `nft -j list ruleset` prints: one chain with rules of these expressions. */
export function nftRules(chain: Readonly<Record<string, unknown>>, ...rules: readonly (readonly object[])[]): Ruleset {
  const at = { family: "inet", table: "t" };
  const parsed = parseNftJson(
    JSON.stringify({
      nftables: [
        { metainfo: { json_schema_version: 1 } },
        { table: { family: "inet", name: "t", handle: 1 } },
        { chain: { ...at, name: "c", handle: 2, ...chain } },
        ...rules.map((expr, index) => ({ rule: { ...at, chain: "c", handle: 3 + index, expr } })),
      ],
    }),
  );
  assert.ok(parsed.outcome === "Parsed", JSON.stringify(parsed));
  return parsed;
}

/** Judged with the allow-list that is shipped. */
export function judge(ruleset: Ruleset): readonly Judged[] {
  return classifyRules(ruleset, allowList);
}

/** Judged with the allow-list that is shipped, and translated. */
export function translate(ruleset: Ruleset, place: ClusterPlace = PLACE): readonly Translation[] {
  return translateRules(judge(ruleset), place);
}

/** A translation in one line: `egress 1.2.3.0/24 TCP 80`, or `Manual EarlierAccept`. */
export function inShort(one: Translation): string {
  if (one.kind !== "Translated") return `${one.kind} ${one.reason}`;
  const { direction, ranges, protocol, ports, icmp } = one.filter;
  const parts = ports.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
  const type = icmp === undefined ? [] : [`${icmp.family} type ${icmp.type}`];
  return [direction, ranges.map(({ cidr }) => cidr).join(","), protocol, ...type, ...(parts.length === 0 ? [] : [parts.join(",")])].join(
    " ",
  );
}
