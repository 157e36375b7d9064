import type { ClusterFacts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { skipped, type Outcome, type Rule } from "./rule.ts";
import { rules } from "./rules.ts";

function toFinding(rule: Rule, facts: ClusterFacts, outcome: Outcome): Finding {
  const said = outcome.kind === "failed" ? outcome.message : outcome.kind === "passed" ? "" : outcome.because;
  return {
    id: rule.id,
    title: rule.title,
    severity: rule.severity(facts),
    outcome: outcome.kind,
    message: said,
    subjects: outcome.kind === "failed" ? outcome.subjects : [],
    evidence: outcome.kind === "failed" ? outcome.evidence : "",
    remedy: outcome.kind === "failed" ? rule.remedy : "",
  };
}

/** Runs every rule of the catalogue over the facts, in the order of their ids; none stops another. */
export function run(facts: ClusterFacts): readonly Finding[] {
  return rules.map((rule) =>
    toFinding(
      rule,
      facts,
      rule.drivers.includes(facts.driver) ? rule.check(facts) : skipped(`Does not apply to the driver ${facts.driver}.`),
    ),
  );
}
