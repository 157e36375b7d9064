import { visibleText, type Instant, type PreflightOverride } from "@hostrouting/domain";
import type { ClusterFacts } from "./facts.ts";
import type { Finding, FindingOverride } from "./finding.ts";
import { skipped, type Outcome, type Rule } from "./rule.ts";
import { rules } from "./rules.ts";

/** What may fail, and the time at which that is judged. */
export type Allowance = { readonly overrides: readonly PreflightOverride[]; readonly now: Instant };

/** The override of a rule, or nothing. A time that cannot be read has passed. */
function overrideOf(rule: Rule, { overrides, now }: Allowance): FindingOverride | undefined {
  const given = rule.overridable !== undefined ? overrides.find(({ ruleId }) => ruleId === rule.id) : undefined;
  if (given === undefined) return undefined;
  const { reason, expiresAt } = given;
  return { reason: visibleText(reason), expiresAt, expired: !(now < Date.parse(expiresAt)) };
}

function failedFinding(
  rule: Rule,
  outcome: Extract<Outcome, { kind: "failed" }>,
  override: FindingOverride | undefined,
): Pick<Finding, "outcome" | "message" | "subjects" | "evidence" | "remedy" | "override"> {
  const { message, subjects, evidence } = outcome;
  const said = { subjects, evidence, remedy: rule.remedy, override };
  if (override === undefined) return { ...said, outcome: "failed", message };
  if (override.expired) return { ...said, outcome: "failed", message: `${message} Its override ended at ${override.expiresAt}.` };
  return { ...said, outcome: "overridden", message };
}

function toFinding(rule: Rule, facts: ClusterFacts, allowance: Allowance): Finding {
  const applies = rule.drivers.includes(facts.driver);
  const outcome = applies ? rule.check(facts) : skipped(`Does not apply to the driver ${facts.driver}.`);
  const head = {
    id: rule.id,
    title: rule.title,
    severity: rule.severity(facts),
    observedAt: new Date(facts.now).toISOString(),
    docs: `docs/preflight.md#${rule.id.toLowerCase()}`,
    overridable: rule.overridable !== undefined,
  };
  if (outcome.kind === "failed") return { ...head, ...failedFinding(rule, outcome, overrideOf(rule, allowance)) };
  const message = outcome.kind === "passed" ? "" : outcome.because;
  return {
    ...head,
    outcome: outcome.kind,
    message,
    subjects: [],
    evidence: "",
    remedy: "",
    override: undefined,
    ...(outcome.kind === "skipped" && outcome.needsAgent === true && { needsAgent: true }),
  };
}

/** Runs every rule of the catalogue over the facts, in the order of their ids; none stops another. An override of a rule that may not be overridden counts for nothing. */
export function run(facts: ClusterFacts, allowance: Allowance): readonly Finding[] {
  return rules.map((rule) => toFinding(rule, facts, allowance));
}

/** Ids of the rules that may be overridden. */
export const overridableRules: readonly string[] = rules.filter((rule) => rule.overridable !== undefined).map((rule) => rule.id);

const standing = rules.filter((rule) => rule.overridable === "Standing");

/** Ids of the rules that are asked in every round. */
export const standingRuleIds: readonly string[] = standing.map((rule) => rule.id);

/** Runs the rules that are asked in every round: what an override of them allows ends with time. */
export function runStanding(facts: ClusterFacts, allowance: Allowance): readonly Finding[] {
  return standing.map((rule) => toFinding(rule, facts, allowance));
}
