import type { HostRoutingWarning, NodeRefusal, StandingRules } from "@hostrouting/domain";
import type { ClusterFacts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { runStanding, standingRuleIds, type Allowance } from "./run.ts";

const ENDING_ID = "override-ending";
/** People who look once a week still see it. */
const ENDING_WITHIN_MS = 7 * 86_400_000;
/** How rules name a node that they are about. */
const NODE_SUBJECT = "node ";

/**
 * What the standing rules say between preflights: which nodes must not be switched on, and what people should know. Facts that
 * were not read for this are unknown to the rules, and refuse nothing.
 */
export function standingRules(facts: ClusterFacts, allowance: Allowance): StandingRules {
  const findings = runStanding(facts, allowance);
  return {
    warnings: findings.flatMap((finding) => warningsOf(finding, allowance.now)),
    warningIds: [...standingRuleIds, ENDING_ID],
    refusals: findings.filter(({ severity, outcome }) => severity === "Block" && outcome === "failed").flatMap(refusalsOf),
  };
}

/** A finding as a warning; what it says under an override stands beside it. */
export function toWarning({ severity, outcome: _outcome, override, ...finding }: Finding): HostRoutingWarning {
  const said = { ...finding, severity: severity === "Info" ? "Information" : "Warning" } as const;
  return override === undefined ? said : { ...said, override: { reason: override.reason, expiresAt: override.expiresAt } };
}

function warningsOf(finding: Finding, now: number): readonly HostRoutingWarning[] {
  const warning = toWarning(finding);
  if (finding.outcome === "failed")
    return [{ ...warning, message: `${finding.message} Nodes that are on stay on; no further node for which this holds is switched on.` }];
  if (finding.outcome !== "overridden") return [];
  const endsAt = finding.override?.expiresAt ?? "";
  if (Date.parse(endsAt) - now > ENDING_WITHIN_MS) return [warning];
  const ending: HostRoutingWarning = {
    id: ENDING_ID,
    title: "An override ends soon",
    severity: "Warning",
    message: `The override of ${finding.id} ends at ${endsAt}.`,
    impact: "From then on no further node for which the rule fails is switched on; nodes that are on stay on.",
    remedy: "Do what the rule asks for, or renew the override with a reason.",
    subjects: finding.subjects,
  };
  return [warning, ending];
}

function refusalsOf({ id, message, subjects, override }: Finding): readonly NodeRefusal[] {
  const said = { ruleId: id, message, overrideEnded: override !== undefined };
  const nodesOnly = subjects.every((subject) => subject.startsWith(NODE_SUBJECT));
  if (!nodesOnly) return [{ ...said, node: undefined }];
  return subjects.map((subject) => ({ ...said, node: subject.slice(NODE_SUBJECT.length) }));
}
