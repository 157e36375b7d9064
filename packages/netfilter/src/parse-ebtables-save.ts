import type { Ruleset } from "./packet-rule.ts";
import type { Parsed } from "./parsed.ts";
import type { SaveDialect } from "./save-rule.ts";
import { parseSaveText } from "./save-text.ts";

const EBTABLES: SaveDialect = {
  targetLast: true,
  negatesBehind: true,
  fields: {
    "-i": "inInterface",
    "-o": "outInterface",
    "--ip-src": "source",
    "--ip6-src": "source",
    "--ip-source": "source",
    "--ip-dst": "destination",
    "--ip6-dst": "destination",
    "--ip-destination": "destination",
    "--ip-proto": "protocol",
    "--ip6-proto": "protocol",
    "--ip-sport": "sourcePorts",
    "--ip6-sport": "sourcePorts",
    "--ip-dport": "destinationPorts",
    "--ip6-dport": "destinationPorts",
  },
};

const ARPTABLES: SaveDialect = {
  targetLast: false,
  negatesBehind: true,
  fields: { "-i": "inInterface", "-o": "outInterface", "-s": "source", "-d": "destination" },
};

/** Reads what ebtables-nft-save prints. Addresses are those of IP; hardware addresses (`-s`, `-d`) are kept among the options. ebtables-nft(8). */
export function parseEbtablesSave(text: string): Parsed<Ruleset> {
  return parseSaveText(text, { backend: "ebtables-nft", family: "bridge", dialect: EBTABLES, commits: false });
}

/** Reads what arptables-nft-save prints. arptables-nft(8). */
export function parseArptablesSave(text: string): Parsed<Ruleset> {
  return parseSaveText(text, { backend: "arptables-nft", family: "arp", dialect: ARPTABLES, commits: false });
}
