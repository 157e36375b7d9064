import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import { visibleText } from "@hostrouting/domain";
import type { WrittenFinding, WrittenVerdict } from "./changed-by.ts";

/** What the node's report says of its rules. */
export type ScanReport = NonNullable<HostRoutingNodeStatus["scan"]>;
type ReportedRule = NonNullable<ScanReport["rules"]>[number];

/** Bounds of the custom resource's schema, in characters. */
const RULE_MAX = 1024;
const NAME_MAX = 512;
const SENTENCE_MAX = 512;
const OWNER_MAX = 128;
const WRITER_MAX = 256;
/** A longer command is left out: in part it would be another command. */
const REMOVAL_MAX = 2048;
const RULES_MAX = 50;
const UNREAD_MAX = 16;
const MISSING_MAX = 32;
/** All rules together: a report is 64 KiB at most, and has other things to say. */
const RULES_BYTES_MAX = 40 * 1024;

/** A scan for the report: the first rules, escaped, as many as there is room for. Pure. */
export function scanReport({ state, digest, findings, omitted, unread, missing }: WrittenVerdict): ScanReport {
  return {
    state,
    digest,
    findings: findings.length + omitted,
    rules: withinBytes(findings.slice(0, RULES_MAX).map(reportedRule)),
    unread: unread
      .slice(0, UNREAD_MAX)
      .map(({ source, at, why }) => ({ source, at: shown(at, SENTENCE_MAX), why: shown(why, SENTENCE_MAX) })),
    // The report is merged into the one before: what is not told any more has to be taken back.
    missing: (missing ?? [])
      .slice(0, MISSING_MAX)
      .map(({ entry, families, owner, why }) => ({ rule: entry, families: [...families], owner, why })),
  };
}

function reportedRule({
  class: is,
  reason,
  backend,
  family,
  table,
  chain,
  rule,
  owner,
  changedBy,
  remedy,
  removal,
}: WrittenFinding): ReportedRule {
  return {
    class: is,
    reason: shown(reason, SENTENCE_MAX),
    backend,
    family,
    table: shown(table, NAME_MAX),
    chain: shown(chain, NAME_MAX),
    rule: shown(rule, RULE_MAX),
    ...(owner !== undefined && { owner: shown(owner, OWNER_MAX) }),
    ...(changedBy !== undefined && { changedBy: shown(changedBy, WRITER_MAX) }),
    remedy: shown(remedy, SENTENCE_MAX),
    ...(removal !== undefined && removal.length <= REMOVAL_MAX && { removal }),
  };
}

function withinBytes(rules: readonly ReportedRule[]): ReportedRule[] {
  let room = RULES_BYTES_MAX;
  const kept: ReportedRule[] = [];
  for (const rule of rules) {
    room -= Buffer.byteLength(JSON.stringify(rule));
    if (room < 0) break;
    kept.push(rule);
  }
  return kept;
}

function shown(text: string, max: number): string {
  const visible = visibleText(text);
  return visible.length > max ? `${visible.slice(0, max - 1)}…` : visible;
}
