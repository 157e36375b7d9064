import { entriesFor, type AllowEntry, type AllowList } from "./allow-list.ts";
import type { Backend, PacketChain, PacketRule, PacketTable, Ruleset } from "./packet-rule.ts";
import { hooksOf, isLoopbackOnly, isPodPath, reachingHooks, targetsOf, type ReachingHooks } from "./reachable-chains.ts";
import { effectOf } from "./rule-effect.ts";
import { exemptions, type Exemptions } from "./exemptions.ts";

/**
 * What host routing does to a rule. Bypassed: pods' packets pass it today and would not. Unaffected: only the node's own packets do. Inert: it
 * changes nothing. Owned: an entry of the allow-list knows it. Unknown: it cannot be judged.
 */
export type RuleClass = "Bypassed" | "Unaffected" | "Inert" | "Owned" | "Unknown";

/** A rule, a chain's policy or a flowtable with its class and why. */
export interface Judged {
  readonly class: RuleClass;
  readonly reason: string;
  readonly subject: "rule" | "policy" | "flowtable";
  readonly backend: Backend;
  readonly table: PacketTable;
  /** Empty for a flowtable, which belongs to its table. */
  readonly chain: string;
  /** The rule as it is written; `-P CHAIN DROP` for a policy; `flowtable NAME`. */
  readonly text: string;
  /** Of rules only. */
  readonly rule?: PacketRule;
  /** The entry that owns it. */
  readonly entry?: AllowEntry;
}

type Verdict = { readonly class: RuleClass; readonly reason: string; readonly entry?: AllowEntry };

/** Everything that judging one table needs. */
type View = {
  readonly table: PacketTable;
  readonly chains: ReadonlyMap<string, PacketChain>;
  readonly hooks: ReachingHooks;
  readonly loopback: ReadonlySet<string>;
  readonly owners: ReadonlyMap<PacketRule, AllowEntry>;
  readonly exempting: Exemptions;
  readonly insides: Map<string, Inside>;
};

/** Judges all of a ruleset, in its order: policies first in each chain. */
export function classifyRules(ruleset: Ruleset, allowList: AllowList): Judged[] {
  return ruleset.tables.flatMap((table) => judgeTable(ruleset.backend, table, allowList));
}

function judgeTable(backend: Backend, table: PacketTable, allowList: AllowList): Judged[] {
  const view = viewOf(table, allowList);
  const flowtables = table.flowtables.map((name): Judged => {
    const verdict = bypassed("it carries connections past the chains, and none would reach it");
    return { ...verdict, reason: reasonIn(table, verdict), subject: "flowtable", backend, table, chain: "", text: `flowtable ${name}` };
  });
  const inChains = table.chains.flatMap((chain) => [
    ...judgePolicy(backend, chain, view),
    ...chain.rules.map((rule): Judged => {
      const verdict = judgeRule(rule, chain, view);
      const reason = reasonIn(table, verdict);
      return { ...verdict, reason, subject: "rule", backend, table, chain: chain.name, text: rule.text, rule };
    }),
  ]);
  return [...flowtables, ...inChains];
}

function viewOf(table: PacketTable, allowList: AllowList): View {
  const owners = new Map<PacketRule, AllowEntry>();
  for (const chain of table.chains) {
    const entryOf = entriesFor(allowList, { family: table.family, table: table.name, chain: chain.name });
    for (const rule of chain.rules) {
      const entry = entryOf(rule);
      if (entry !== undefined) owners.set(rule, entry);
    }
  }
  const loopback = table.chains.flatMap(({ name, base }) => (base !== undefined && isLoopbackOnly(base) ? [name] : []));
  return {
    table,
    chains: new Map(table.chains.map((chain) => [chain.name, chain])),
    hooks: reachingHooks(table),
    loopback: new Set(loopback),
    owners,
    exempting: exemptions(table, owners),
    insides: new Map(),
  };
}

/**
 * A table that sleeps is judged as if it were awake: whoever wakes it writes no rule, so that nobody would be refused, and no scan lies between.
 */
function reasonIn({ dormant }: PacketTable, { reason }: Verdict): string {
  return dormant ? `dormant, its table being switched off; when it is switched on: ${reason}` : reason;
}

function bypassed(reason: string): Verdict {
  return { class: "Bypassed", reason };
}

function judgePolicy(backend: Backend, chain: PacketChain, view: View): Judged[] {
  if (chain.policy !== "drop") return [];
  const verdict = whereItStands(chain, view) ?? bypassed("the policy drops what no rule accepts");
  const reason = reasonIn(view.table, verdict);
  return [{ ...verdict, reason, subject: "policy", backend, table: view.table, chain: chain.name, text: `-P ${chain.name} DROP` }];
}

/** What follows from the place alone: nothing gets there, or only the node's own packets do. */
function whereItStands(chain: PacketChain, { table, hooks, loopback }: View): Verdict | undefined {
  const reaching = [...hooksOf(hooks, chain.name)];
  if (reaching.length === 0) return { class: "Inert", reason: `unreachable: no hook leads to chain ${chain.name}` };
  if (loopback.has(chain.name)) return { class: "Unaffected", reason: "only packets of the loopback device reach it" };
  return reaching.some((hook) => isPodPath(hook, table.family))
    ? undefined
    : { class: "Unaffected", reason: `only ${reaching.join(" and ")} of the node itself reaches it` };
}

function judgeRule(rule: PacketRule, chain: PacketChain, view: View): Verdict {
  const entry = view.owners.get(rule);
  if (entry !== undefined) return { class: "Owned", reason: `${entry.owner}: ${entry.why}`, entry };
  return whereItStands(chain, view) ?? judgeReached(rule, view);
}

function judgeReached(rule: PacketRule, view: View): Verdict {
  const missing = targetsOf(rule).find((name) => !view.chains.has(name));
  if (missing !== undefined) return { class: "Unknown", reason: `it leads to chain ${missing}, which is not there` };
  const effect = effectOf(rule);
  const exempted = view.exempting.get(rule);
  switch (effect.kind) {
    case "acts":
      return bypassed(effect.how);
    case "unclear":
      return { class: "Unknown", reason: effect.what };
    case "nothing":
      return { class: "Inert", reason: effect.how };
    case "jumps":
      return judgeJump(rule, view);
    case "accepts":
    case "returns":
      // A rule that lets packets through means something only together with one behind it that would not. That one is judged by itself: when it
      // is Bypassed the node is Dirty anyway. Only a rule whose work something else goes on doing makes an exception from it count.
      if (exempted !== undefined) return bypassed(`it exempts packets from a rule that is replaced without the exception (${exempted})`);
      return { class: "Inert", reason: effect.kind === "accepts" ? "it accepts, as everything else does" : "it returns, and nothing else" };
  }
}

/** The worst of what a chain and those behind it do. */
type Inside = "acts" | "unclear" | "inert";

function judgeJump(rule: PacketRule, view: View): Verdict {
  const insides = targetsOf(rule).map((name) => ({ name, inside: insideOf(name, view) }));
  const acting = insides.find(({ inside }) => inside === "acts");
  if (acting !== undefined) return bypassed(`it leads to chain ${acting.name}, whose rules act`);
  const unclear = insides.find(({ inside }) => inside === "unclear");
  if (unclear !== undefined) return { class: "Unknown", reason: `it leads to chain ${unclear.name}, which cannot be judged` };
  return { class: "Inert", reason: "the chains that it leads to change nothing" };
}

/** Looks at every chain behind `start` once: the kernel refuses loops, a text may hold one. */
function insideOf(start: string, view: View): Inside {
  const known = view.insides.get(start);
  if (known !== undefined) return known;
  const names = new Set([start]);
  let inside: Inside = "inert";
  for (const name of names) {
    const chain = view.chains.get(name);
    const here = chain === undefined ? "unclear" : chainByItself(chain, view);
    if (here === "acts" || (here === "unclear" && inside === "inert")) inside = here;
    for (const target of chain?.rules.flatMap(targetsOf) ?? []) names.add(target);
  }
  view.insides.set(start, inside);
  return inside;
}

function chainByItself(chain: PacketChain, view: View): Inside {
  const effects = chain.rules.map((rule) => (view.exempting.has(rule) ? "acts" : effectOf(rule).kind));
  if (chain.policy === "drop" || effects.includes("acts")) return "acts";
  return effects.includes("unclear") ? "unclear" : "inert";
}
