import { visibleText } from "@hostrouting/domain";
import type { Judged } from "./classify-rules.ts";
import type { Backend, Family } from "./packet-rule.ts";
import { shellQuote, splitWords } from "./save-words.ts";

/**
 * The command that takes away exactly this rule, policy or flowtable, for a POSIX shell on the node. Undefined where none can be written safely:
 * an nft rule without its handle, or a text with control characters. iptables(8), ebtables-nft(8), arptables-nft(8), nft(8).
 */
export function removalCommand(judged: Judged): string | undefined {
  const words = removalWords(judged);
  // Signs that a terminal would obey, or that end a line: whoever wrote the rule chose them.
  if (words === undefined || words.some((word) => visibleText(word) !== word)) return undefined;
  return words.map(shellQuote).join(" ");
}

/**
 * The same as a program and its arguments, which no terminal and no shell sees: control characters are arguments like any other. Undefined also
 * where bytes that are no UTF-8 were lost.
 */
export function removalWords(judged: Judged): readonly string[] | undefined {
  const words = wordsOf(judged);
  return words?.some((word) => word.includes("\u{FFFD}")) === true ? undefined : words;
}

function wordsOf(judged: Judged): string[] | undefined {
  if (judged.backend === "nft") return nftWords(judged);
  return judged.backend === "bpf" ? linkWords(judged) : saveWords(judged);
}

function linkWords({ rule }: Judged): string[] | undefined {
  return rule?.handle === undefined ? undefined : ["bpftool", "link", "detach", "id", String(rule.handle)];
}

function saveWords({ backend, table, chain, subject, text }: Judged): string[] | undefined {
  const tool = toolOf(backend, table.family);
  if (subject === "policy") return [tool, "-t", table.name, "-P", chain, "ACCEPT"];
  const split = splitWords(text);
  if ("why" in split || split.words[0] !== "-A") return undefined;
  return [tool, "-t", table.name, "-D", ...split.words.slice(1)];
}

function toolOf(backend: Backend, family: Family): string {
  return family === "ip6" ? backend.replace("iptables", "ip6tables") : backend;
}

const KUBE_PROXY = "kube-proxy";

function nftWords({ table, chain, subject, text, rule }: Judged): string[] | undefined {
  const { family, name } = table;
  // Names that are no plain words would be read as syntax by nft, quoted for the shell or not.
  if (![name, chain, text.slice("flowtable ".length)].slice(0, subject === "flowtable" ? 3 : 2).every(isPlainName)) return undefined;
  switch (subject) {
    case "policy":
      return ["nft", "add", "chain", family, name, chain, "{ policy accept; }"];
    case "flowtable":
      return ["nft", "delete", "flowtable", family, name, text.slice("flowtable ".length)];
    case "rule":
      // Of kube-proxy's rule with a map that somebody added to, the element has to go: without the rule no Service is left.
      if (name === KUBE_PROXY && text.includes(" vmap @")) return undefined;
      return rule?.handle === undefined ? undefined : ["nft", "delete", "rule", family, name, chain, "handle", String(rule.handle)];
  }
}

/** Names of nft: nft(8), "LEXICAL CONVENTIONS". Of a flowtable the chain is empty. */
function isPlainName(name: string): boolean {
  return name === "" || /^[A-Za-z][A-Za-z0-9/\\_.-]*$/.test(name);
}
