import { dirname, join } from "node:path";
import { kernelLinks, readNetfilterLinks } from "./netfilter-links.ts";
import { readOlderTables } from "./older-tables.ts";
import { readLegacyDumps, readNftDumps } from "./read-rule-dumps.ts";
import type { RuleReaders } from "./rule-watch.ts";

/** The node's own rules. The object that tells where links of netfilter programs are lies beside the datapath's. */
export function nodeRuleReaders(objectPath: string): RuleReaders {
  const links = kernelLinks(join(dirname(objectPath), "netfilter_links.bpf.o"));
  return {
    told: () => readNftDumps(),
    silent: async () => [...(await readLegacyDumps()), ...readOlderTables(), readNetfilterLinks(links)],
  };
}
