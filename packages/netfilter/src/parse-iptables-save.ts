import type { Ruleset } from "./packet-rule.ts";
import type { Parsed } from "./parsed.ts";
import type { SaveDialect } from "./save-rule.ts";
import { parseSaveText } from "./save-text.ts";

/** What wrote the text. */
export interface IptablesSource {
  readonly backend: "iptables-legacy" | "iptables-nft";
  readonly family: "ip" | "ip6";
}

const DIALECT: SaveDialect = {
  targetLast: true,
  negatesBehind: false,
  fields: {
    "-i": "inInterface",
    "-o": "outInterface",
    "-s": "source",
    "-d": "destination",
    "-p": "protocol",
    "--sport": "sourcePorts",
    "--sports": "sourcePorts",
    "--dport": "destinationPorts",
    "--dports": "destinationPorts",
  },
};

/**
 * Reads what iptables-save, ip6tables-save and their variants for either backend print, with counters or without. An empty text is a node
 * without tables. iptables-save(8), iptables/iptables-save.c.
 */
export function parseIptablesSave(text: string, source: IptablesSource): Parsed<Ruleset> {
  return parseSaveText(text, { ...source, dialect: DIALECT, commits: true });
}
