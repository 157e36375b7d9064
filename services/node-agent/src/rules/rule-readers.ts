import { dirname, join } from "node:path";
import { kernelLinks, readNetfilterLinks } from "./netfilter-links.ts";
import { readOlderTables } from "./older-tables.ts";
import { readLegacyDumps, readNftDumps, SCAN_LIMITS } from "./read-rule-dumps.ts";
import type { RuleReaders } from "./rule-watch.ts";
import type { ToolLimits } from "./run-tool.ts";

/** The node's own rules. The object that tells where links of netfilter programs are lies beside the datapath's. */
export function nodeRuleReaders(objectPath: string, limits: ToolLimits = SCAN_LIMITS): RuleReaders {
  const links = kernelLinks(join(dirname(objectPath), "netfilter_links.bpf.o"));
  return {
    told: () => readNftDumps(undefined, limits),
    silent: async () => [...(await readLegacyDumps(undefined, limits)), ...readOlderTables(), readNetfilterLinks(links)],
  };
}
