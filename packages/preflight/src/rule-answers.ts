import type { AccelerationMode, PreflightSummary, RuleAnswer, RulesetAnswer } from "@hostrouting/domain";
import type { ClusterFacts } from "./facts.ts";
import { verdict, type Finding } from "./finding.ts";
import { run, type Allowance } from "./run.ts";
import { rulesets } from "./rulesets.ts";

/** What `validate` says of the rules. */
export type PreflightAnswer = {
  readonly verdict: PreflightSummary;
  readonly rulesets: readonly RulesetAnswer[];
  readonly rules: readonly RuleAnswer[];
};

const OUTCOMES = { passed: "Passed", failed: "Failed", overridden: "Overridden", unknown: "Unknown", skipped: "Skipped" } as const;
const SUMMARIES = { Passed: "Passed", Failed: "Blocked", Unknown: "Unknown" } as const;

const NEEDS_AGENT =
  "Nothing yet: the bundle's agents answer it. When host routing is switched on they observe on every node before one is switched; if the rule fails then, the operation ends and they go again.";
const MAKE_KNOWN = "See to it that it can be read, and ask again. While host routing is being switched on it is asked for five minutes.";
const NOT_ASKED = "Switching off asks no rule: it is never refused.";

function answerOf(finding: Finding): RuleAnswer {
  const { id, title, severity, outcome, message, subjects, evidence, docs, override } = finding;
  const isAgents = finding.needsAgent === true;
  const missing = isAgents ? NEEDS_AGENT : outcome === "unknown" ? MAKE_KNOWN : "";
  return {
    id,
    title,
    severity,
    outcome: OUTCOMES[outcome],
    message,
    subjects,
    evidence,
    remedy: finding.remedy || missing,
    docs,
    needsAgent: isAgents,
    ...(override !== undefined && { override: { reason: override.reason, expiresAt: override.expiresAt } }),
  };
}

function skippedAll(finding: Finding): RuleAnswer {
  const { id, title, severity, docs } = finding;
  return { id, title, severity, outcome: "Skipped", message: NOT_ASKED, subjects: [], evidence: "", remedy: "", docs, needsAgent: false };
}

function rulesetAnswer(ruleset: keyof typeof rulesets, facts: ClusterFacts, allowance: Allowance): RulesetAnswer {
  const findings = run({ ...facts, ruleset }, allowance);
  const blocking = findings.filter(({ severity, outcome }) => severity === "Block" && (outcome === "failed" || outcome === "unknown"));
  return {
    ruleset,
    isSelected: ruleset === facts.ruleset,
    verdict: SUMMARIES[verdict(findings).kind],
    blocking: blocking.map(({ id }) => id),
  };
}

/** What every rule answers about a change to `mode`, and what they come to under each ruleset. Pure. */
export function ruleAnswers(mode: AccelerationMode, facts: ClusterFacts, allowance: Allowance): PreflightAnswer {
  const findings = run(facts, allowance);
  if (mode === "None") return { verdict: "Passed", rulesets: [], rules: findings.map(skippedAll) };
  const names = Object.keys(rulesets) as (keyof typeof rulesets)[];
  return {
    verdict: SUMMARIES[verdict(findings).kind],
    rulesets: names.map((name) => rulesetAnswer(name, facts, allowance)),
    rules: findings.map(answerOf),
  };
}
