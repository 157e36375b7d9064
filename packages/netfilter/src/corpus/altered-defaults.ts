import { aksDefaultRules, type DefaultRule } from "./aks-default-rules.ts";
import { saved, type CorpusCase, type Tables } from "./corpus-case.ts";
import type { Dump } from "../node-dumps.ts";

/** The dumps of a node with these rules. Chains of AKS are declared whether they have rules or not. */
export function aksDumps(rules: readonly Pick<DefaultRule, "family" | "table" | "rule">[]): readonly Dump[] {
  const of = (family: string): Tables => {
    const tables: Record<string, string[]> = { nat: ["-N SWIFT", "-N IP-MASQ-AGENT"] };
    for (const { family: its, table, rule } of rules) if (its === family) (tables[table] ??= []).push(rule);
    return tables;
  };
  return [
    { source: "iptables-nft-save", text: saved(of("ip")) },
    { source: "ip6tables-nft-save", text: saved(of("ip6")) },
  ];
}

const ALL = aksDefaultRules.length;

const whole: CorpusCase = {
  name: "AKS: all default rules, nothing else",
  dumps: aksDumps(aksDefaultRules),
  state: "Clean",
  classes: { Owned: ALL },
  before: aksDumps(aksDefaultRules),
  missing: [],
};

const removed = aksDefaultRules.map((gone): CorpusCase => {
  const rest = aksDefaultRules.filter((rule) => rule !== gone);
  return {
    name: `AKS: without ${gone.family} ${gone.table} ${gone.rule}`,
    dumps: aksDumps(rest),
    before: aksDumps(aksDefaultRules),
    state: "Clean",
    classes: { Owned: ALL - 1 },
    missing: missed(gone),
  };
});

/** A rule that follows somebody's configuration may go at any time, and is missed by nobody. */
function missed({ entry, family }: DefaultRule): readonly string[] {
  return entry === undefined ? [] : [`${entry} ${family}`];
}

const altered = aksDefaultRules.flatMap((original) => original.tokens.map(([from, to]) => alteredCase(original, from, to)));

function alteredCase(original: DefaultRule, from: string, to: string): CorpusCase {
  const rule = original.rule.replace(from, to);
  if (rule === original.rule) throw new Error(`"${from}" is not in ${original.rule}`);
  const rules = aksDefaultRules.map((one) => (one === original ? { ...original, rule } : one));
  return {
    name: `AKS: "${to}" in place of "${from}" in ${original.family} ${original.table} ${original.rule}`,
    dumps: aksDumps(rules),
    before: aksDumps(aksDefaultRules),
    missing: missed(original),
    state: original.altered === "Bypassed" ? "Dirty" : "Clean",
    classes: { Owned: ALL - 1, [original.altered]: 1 },
    ...(original.altered === "Bypassed" ? { found: [rule] } : {}),
  };
}

/** The defaults of AKS, each removed once, and each altered by a token at a time. */
export const alteredDefaults: readonly CorpusCase[] = [whole, ...removed, ...altered];
