/**
 * Netfilter: what a node's packet filter rules are, and which of them host routing would bypass. With host routing pods' packets no longer pass
 * the hooks of the node's stack, so a rule there that drops, marks or translates them works no more.
 *
 * Pure: it reads the texts that iptables-save, nft, ebtables-save and arptables-save printed. Running them, watching for changes and keeping
 * rules out are the node agent's; saying the same with network policies is packages/policy's.
 */
export { parseIptablesSave, type IptablesSource } from "./parse-iptables-save.ts";
export { parseArptablesSave, parseEbtablesSave } from "./parse-ebtables-save.ts";
export { parseNetfilterLinks, type NetfilterProgram } from "./parse-netfilter-links.ts";
export { parseNftJson } from "./parse-nft-json.ts";
export { readDumps, type Dump, type DumpSource, type NodeRules, type UnreadDump } from "./node-dumps.ts";
export { reachingHooks, type ReachingHooks } from "./reachable-chains.ts";
export { classifyRules, type Judged, type RuleClass } from "./classify-rules.ts";
export {
  forNodeImage,
  loadAllowList,
  retiredEntries,
  type AllowDocument,
  type AllowEntry,
  type AllowList,
  type EffectWhenBypassed,
  type RuleShape,
} from "./allow-list.ts";
export { defaultAllowList } from "./default-allow-list.ts";
export { writerOf, type WrittenRule } from "./known-writers.ts";
export { knownWriters, type KnownWriter, type WriterSign } from "./writer-catalogue.ts";
export { removalCommand } from "./removal-command.ts";
export {
  FINDINGS_MAX,
  judgeScan,
  judgeWholeScan,
  removables,
  type Finding,
  type JudgedRules,
  type Removable,
  type ScanOptions,
  type ScanVerdict,
} from "./scan-findings.ts";
export { type Expectations, type MissingRule, type SeenRules } from "./missing-rules.ts";
export { nodeImageOf, type NodeImage } from "./node-image.ts";
export type {
  Action,
  Backend,
  ChainBase,
  Family,
  HiddenTable,
  Hook,
  Operand,
  PacketChain,
  PacketRule,
  PacketTable,
  RuleMatch,
  Ruleset,
} from "./packet-rule.ts";
export type { Parsed, Unreadable } from "./parsed.ts";
