import { readRange } from "./address-range.ts";

/**
 * What a node's own rules do with packets that leave it, one family. `present`: they masquerade all but `kept`, so the stack can take
 * over at any time. `absent`: nobody masquerades. `foreign`: something else translates too, which a redirect would pass by.
 */
export type FallbackRules =
  | { state: "present"; kept: string[] }
  | { state: "absent" }
  | { state: "foreign"; message: string }
  | { state: "unknown"; message: string };

/** ip-masq-agent's chain (its flag --masq-chain, by default). */
const CHAIN = "IP-MASQ-AGENT";
/** Chains that translate Service and host port traffic only, which never takes the fast path. */
const HARMLESS = new Set(["KUBE-POSTROUTING", "CNI-HOSTPORT-MASQ"]);
const EVERYTHING = { 4: "0.0.0.0/0", 6: "::/0" } as const;

type Rule = { matches: string[]; target: string };

/** Reads `iptables-save -t nat` (or ip6tables-save) of one backend. */
export function readFallbackRules(saved: string, family: 4 | 6): FallbackRules {
  const chains = readChains(saved);
  let jumps = false;
  for (const rule of chains.get("POSTROUTING") ?? []) {
    if (HARMLESS.has(rule.target)) continue;
    if (rule.target !== CHAIN) return { state: "foreign", message: `POSTROUTING has a rule for ${rule.target || "nothing"}` };
    if (rule.matches.join(" ") !== "-m addrtype ! --dst-type LOCAL")
      return { state: "foreign", message: `POSTROUTING leads to ${CHAIN} only for ${rule.matches.join(" ") || "everything"}` };
    jumps = true;
  }
  return jumps ? readMasqueradeChain(chains.get(CHAIN) ?? [], family) : { state: "absent" };
}

/** Rules of two backends work one after the other. */
export function uniteFallbackRules(all: readonly FallbackRules[]): FallbackRules {
  const worst = all.find(({ state }) => state === "unknown") ?? all.find(({ state }) => state === "foreign");
  if (worst) return worst;
  const [present, another] = all.filter(({ state }) => state === "present");
  if (another) return { state: "foreign", message: `both kinds of iptables have a chain ${CHAIN}` };
  return present ?? { state: "absent" };
}

function readMasqueradeChain(rules: readonly Rule[], family: 4 | 6): FallbackRules {
  const kept: string[] = [];
  for (const { matches, target } of rules) {
    const [flag, range, ...rest] = matches;
    if (target === "MASQUERADE" && flag === undefined) return { state: "present", kept };
    const read = flag === undefined ? EVERYTHING[family] : flag === "-d" && rest.length === 0 ? normalRange(range) : undefined;
    if (target !== "RETURN" || read === undefined)
      return { state: "foreign", message: `${CHAIN} has a rule ${[...matches, "-j", target].join(" ")}` };
    kept.push(read);
  }
  return { state: "absent" };
}

function normalRange(text = ""): string | undefined {
  const read = readRange(text);
  return "range" in read ? read.range.text : undefined;
}

function readChains(saved: string): Map<string, Rule[]> {
  const chains = new Map<string, Rule[]>();
  for (const line of saved.split("\n")) {
    const [command, chain, ...words] = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
    if (command !== "-A" || !chain) continue;
    const rules = chains.get(chain) ?? [];
    rules.push(readRule(words));
    chains.set(chain, rules);
  }
  return chains;
}

/** Matches without comments; what follows the target are its options. */
function readRule(words: readonly string[]): Rule {
  const at = words.findIndex((word) => word === "-j" || word === "-g");
  const matches = at < 0 ? [...words] : words.slice(0, at);
  for (let comment = matches.indexOf("--comment"); comment >= 2; comment = matches.indexOf("--comment")) matches.splice(comment - 2, 4);
  return { matches, target: at < 0 ? "" : (words[at + 1] ?? "") };
}
