import type { ScanVerdict } from "@hostrouting/netfilter";
import type { Precondition } from "../preconditions/judge-preconditions.ts";

/** Rules in a message; the rest is counted. */
const NAMED_MAX = 3;
const RULE_CHARACTERS_MAX = 120;

/** What the node's rules say about switching it on: a rule that would be passed by blocks, and so does what cannot be read. Pure. */
export function rulesPrecondition(verdict: ScanVerdict): Precondition {
  const name = "UnexpectedRules";
  if (verdict.state === "Clean") return { name, outcome: "Passed", message: "" };
  const of = verdict.state === "Dirty" ? "Bypassed" : "Unknown";
  const named = verdict.findings.filter((finding) => finding.class === of);
  const rules = named.slice(0, NAMED_MAX).map(({ family, table, chain, rule, owner, removal }) => {
    const where = `${family} ${table} ${chain}`.trim();
    return `${where}: ${cut(rule)}${owner === undefined ? "" : ` (${owner})`}${removal === undefined ? "" : `; to remove: ${removal}`}.`;
  });
  const more = named.length + verdict.omitted - rules.length;
  const rest = more > 0 ? [`And ${more} more.`] : [];
  if (verdict.state === "Dirty")
    return { name, outcome: "Failed", message: ["Host routing would pass by these rules:", ...rules, ...rest].join(" ") };
  const unread = verdict.unread.map(({ source, at, why }) => `${source}, ${at}: ${why}.`);
  return { name, outcome: "Unknown", message: ["What rules there are cannot be told.", ...unread, ...rules, ...rest].join(" ") };
}

/** Everything that preflight wants to know must hold of the node; absent until both have looked. */
export function allPreconditions(
  looked: readonly Precondition[] | undefined,
  scanned: ScanVerdict | undefined,
): { preconditions?: Precondition[] } {
  return looked && scanned ? { preconditions: [...looked, rulesPrecondition(scanned)] } : {};
}

function cut(rule: string): string {
  return rule.length > RULE_CHARACTERS_MAX ? `${rule.slice(0, RULE_CHARACTERS_MAX)}…` : rule;
}
