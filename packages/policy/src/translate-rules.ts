import { visibleText } from "@hostrouting/domain";
import type { Action, Judged, PacketRule, PacketTable } from "@hostrouting/netfilter";
import { wayMap, wayTo, type Way, type WayMap } from "./clean-way.ts";
import { impossible, manual, type Refusal } from "./refusal.ts";
import { ruleFilter, type ClusterPlace, type RuleFilter } from "./rule-filter.ts";

/** What becomes of one rule: the denial that says the same, or why none does. */
export type Translation = { readonly rule: Judged } & (
  | { readonly kind: "Translated"; readonly filter: RuleFilter; readonly notes: readonly string[] }
  | Refusal
);

/** Text of a rule in a reason; rules may carry comments of hundreds of characters. */
const RULE_CHARACTERS_MAX = 200;

/**
 * Says rules that pods' packets pass today, and would not with host routing, as denials of network policies. `judged` is all that netfilter says of
 * a ruleset, in its order: what is bypassed is translated, and what an entry owns where it denies and is replaced. Rules that only lead to others, and those that
 * change nothing, are left out; a rule that logs is named, since somebody reads the log. `isWanted` leaves out what nobody asks for.
 */
export function translateRules(
  judged: readonly Judged[],
  place: ClusterPlace,
  isWanted: (rule: Judged) => boolean = () => true,
): readonly Translation[] {
  const owned = new Set(judged.flatMap(({ rule, class: is }) => (rule !== undefined && is === "Owned" ? [rule] : [])));
  const maps = new Map<PacketTable, WayMap>();
  return judged
    .filter((one) => isConcerned(one) && isWanted(one))
    .map((one) => {
      const map = maps.get(one.table) ?? wayMap(one.table, owned);
      maps.set(one.table, map);
      return { rule: one, ...translated(one, place, map) };
    });
}

const LOGS: ReadonlySet<string> = new Set(["LOG", "NFLOG", "ULOG", "log", "nflog"]);

const isJump = ({ kind }: Action): boolean => kind === "jump" || kind === "goto";
const denies = ({ actions }: PacketRule): boolean => actions.some(({ kind }) => kind === "drop" || kind === "reject");

function isConcerned({ class: is, rule, reason, entry }: Judged): boolean {
  if (rule === undefined) return is === "Bypassed";
  if (rule.actions.length > 0 && rule.actions.every(isJump)) return false;
  if (is === "Owned") return entry?.effectWhenBypassed === "replaced" && denies(rule);
  if (is === "Inert")
    return !/^(unreachable|dormant)/.test(reason) && rule.actions.some((action) => action.kind === "extension" && LOGS.has(action.name));
  return is === "Bypassed" || is === "Unknown";
}

type Outcome = { readonly kind: "Translated"; readonly filter: RuleFilter; readonly notes: readonly string[] } | Refusal;

function translated({ subject, rule, table, chain }: Judged, place: ClusterPlace, map: WayMap): Outcome {
  if (subject === "flowtable") return impossible("Offloads", "it carries connections past the chains");
  if (table.family === "bridge" || table.family === "arp" || table.family === "netdev")
    return manual("LinkLayer", `it is of family ${table.family}`);
  if (rule === undefined) return manual("AllowList", "the policy drops what no rule accepts");
  const found = ruleFilter(rule, place);
  if ("refusal" in found) return { ...found.refusal, detail: cut(found.refusal.detail) };
  const here = map.chains.get(chain);
  const index = map.indexes.get(rule);
  const way: Way = here === undefined || index === undefined ? { kind: "NoWay" } : wayTo({ chain: here, index }, found.value, map);
  switch (way.kind) {
    case "Clean":
      return { kind: "Translated", filter: found.value, notes: notesOf(rule) };
    case "Exempted":
      return manual("EarlierAccept", `a rule before it lets packets pass: ${cut(way.by.text)}`);
    case "Conditional":
      return manual("ConditionalJump", `not every packet gets there: ${cut(way.by.text)}`);
    case "NoWay":
      return manual("Hook", "it stands neither where packets arrive nor where they are forwarded");
  }
}

/** What the policy does otherwise. */
function notesOf({ actions, match }: PacketRule): readonly string[] {
  return [
    ...(actions.some(({ kind }) => kind === "reject") ? ["The sender is not told: a denied packet is dropped."] : []),
    ...(actions.some(({ kind }) => kind === "extension") ? ["Nothing is logged: use Hubble."] : []),
    ...(match.source?.negated === true ? ["The node's own packets are no pod's: its exemption is not needed."] : []),
  ];
}

function cut(text: string): string {
  const visible = visibleText(text);
  return visible.length > RULE_CHARACTERS_MAX ? `${visible.slice(0, RULE_CHARACTERS_MAX)}…` : visible;
}
