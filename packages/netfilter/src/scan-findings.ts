import { forNodeImage, type AllowList } from "./allow-list.ts";
import { classifyRules, type Judged, type RuleClass } from "./classify-rules.ts";
import { digestOf } from "./digest.ts";
import { writerOf } from "./known-writers.ts";
import { lastingRules, mayHide, missingRules, type Expectations, type MissingRule, type SeenRules } from "./missing-rules.ts";
import { readDumps, type Dump, type UnreadDump } from "./node-dumps.ts";
import type { Backend, Family } from "./packet-rule.ts";
import { removalCommand, removalWords } from "./removal-command.ts";

/** A rule that host routing would bypass, or that cannot be judged. */
export interface Finding {
  readonly class: "Bypassed" | "Unknown";
  readonly reason: string;
  readonly backend: Backend;
  readonly family: Family;
  readonly table: string;
  /** Empty for a flowtable. */
  readonly chain: string;
  /** The rule as its tool writes it, cut at RULE_CHARS_MAX. */
  readonly rule: string;
  /** Id of the known writer that it looks like. */
  readonly writer?: string;
  /** The name of that writer, for people. */
  readonly owner?: string;
  readonly remedy: string;
  /** The command that takes it away; absent where none can be written safely. */
  readonly removal?: string;
}

/** What a node's rules mean. Dirty wins over Unknown, which wins over Clean. */
export interface ScanVerdict {
  readonly state: "Clean" | "Dirty" | "Unknown";
  /** The same as long as the same rules offend: Bypassed and Unknown ones, and dumps that were not read. */
  readonly digest: string;
  /** Bypassed before Unknown, at most FINDINGS_MAX. */
  readonly findings: readonly Finding[];
  /** How many more findings there are. */
  readonly omitted: number;
  readonly counts: Readonly<Record<RuleClass, number>>;
  readonly unread: readonly UnreadDump[];
  /**
   * Rules of the node's own that are not there as they should be. They do not make a node Dirty: nothing is bypassed. Undefined where that cannot be
   * told, since something could not be read.
   */
  readonly missing: readonly MissingRule[] | undefined;
  /** What is there and stays: `seenBefore` of the next scan. */
  readonly seen: SeenRules;
}

/** What a scan knows of its node beside the dumps. */
export interface ScanOptions extends Expectations {
  /** Version of the node's image; entries for others are left out. Without it all apply. */
  readonly nodeImage?: string;
}

/** 50 rules of 400 bytes with their words fit into a report of 64 KiB. */
export const FINDINGS_MAX = 50;
const RULE_CHARS_MAX = 400;

/** Something to remove: what is known of it, and the program and arguments that take it away, where these can be written safely. */
export interface Removable {
  readonly finding: Finding;
  readonly words: readonly string[] | undefined;
}

/** Everything that offends on a node, each with how it is taken away; state and digest as those of judgeScan. */
export function removables(
  dumps: readonly Dump[],
  allowList: AllowList,
): Pick<ScanVerdict, "state" | "digest"> & { removables: Removable[] } {
  const { state, digest } = judgeScan(dumps, allowList);
  const offending = offendingOf(readDumps(dumps).rulesets.flatMap((ruleset) => classifyRules(ruleset, allowList)));
  return { state, digest, removables: offending.map((one) => ({ finding: findingOf(one), words: removalWords(one) })) };
}

/** All rules of one node, each judged, and what could not be read. */
export interface JudgedRules {
  readonly judged: readonly Judged[];
  readonly unread: readonly UnreadDump[];
}

/** Judges all dumps of one node. Without any dump nothing is known. */
export function judgeScan(dumps: readonly Dump[], allowList: AllowList, options: ScanOptions = {}): ScanVerdict {
  return judgeWholeScan(dumps, allowList, options).verdict;
}

/** The same, with every rule beside the verdict: for whoever asks something else of the same rules. */
export function judgeWholeScan(
  dumps: readonly Dump[],
  allowList: AllowList,
  options: ScanOptions = {},
): { readonly verdict: ScanVerdict; readonly rules: JudgedRules } {
  const list = options.nodeImage === undefined ? allowList : forNodeImage(allowList, options.nodeImage);
  const { rulesets, unread } = readDumps(dumps);
  const judged = rulesets.flatMap((ruleset) => classifyRules(ruleset, list));
  return { verdict: verdictOf({ judged, unread, list, isEmpty: dumps.length === 0 }, options), rules: { judged, unread } };
}

type Scan = JudgedRules & { readonly list: AllowList; readonly isEmpty: boolean };

function verdictOf({ judged, unread, list, isEmpty }: Scan, options: ScanOptions): ScanVerdict {
  const offending = offendingOf(judged);
  const counts = countsOf(judged);
  const isUnknown = isEmpty || unread.length > 0 || counts.Unknown > 0;
  return {
    state: counts.Bypassed > 0 ? "Dirty" : isUnknown ? "Unknown" : "Clean",
    digest: digestOf([...offending.map(identity), ...unread.map(({ source }) => `unread ${source}`)]),
    findings: offending.slice(0, FINDINGS_MAX).map(findingOf),
    omitted: Math.max(0, offending.length - FINDINGS_MAX),
    counts,
    unread,
    missing: mayHide(unread) ? undefined : missingRules(list, judged, options),
    seen: lastingRules(judged),
  };
}

function offendingOf(judged: readonly Judged[]): Judged[] {
  return [...judged.filter(isOf("Bypassed")), ...judged.filter(isOf("Unknown"))];
}

function isOf(wanted: RuleClass): (judged: Judged) => boolean {
  return (judged) => judged.class === wanted;
}

function countsOf(judged: readonly Judged[]): Record<RuleClass, number> {
  const counts = { Bypassed: 0, Unaffected: 0, Inert: 0, Owned: 0, Unknown: 0 };
  for (const one of judged) counts[one.class] += 1;
  return counts;
}

function identity({ backend, table, chain, text, class: is }: Judged): string {
  return [is, backend, table.family, table.name, chain, text].join(" ");
}

function findingOf(judged: Judged): Finding {
  const { backend, table, chain, text, reason, rule } = judged;
  const comment = rule?.comment;
  const writer = writerOf({ family: table.family, table: table.name, chain, text, ...(comment === undefined ? {} : { comment }) });
  const removal = removalCommand(judged);
  return {
    class: judged.class === "Bypassed" ? "Bypassed" : "Unknown",
    reason,
    backend,
    family: table.family,
    table: table.name,
    chain,
    rule: text.length > RULE_CHARS_MAX ? `${text.slice(0, RULE_CHARS_MAX)}…` : text,
    remedy: remedyOf(writer),
    ...(writer === undefined ? {} : { writer: writer.id, owner: writer.name }),
    ...(removal === undefined ? {} : { removal }),
  };
}

function remedyOf(writer: ReturnType<typeof writerOf>): string {
  if (writer === undefined) return "Find out what writes it, say the same with a CiliumNetworkPolicy if it is needed, and take it away.";
  if (writer.verdict !== "Allowed") return writer.remedy;
  return `It looks like a rule of ${writer.name} and is none that is known: compare it with another node, and take it away if it is foreign.`;
}
