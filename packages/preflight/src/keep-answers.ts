import type { Instant, OperationId, PreflightAnswer, PreflightAnswers } from "@hostrouting/domain";
import type { Finding } from "./finding.ts";

/** So many unknowns in a row, or so long a time of them, and what was known before counts no more. */
const UNKNOWNS_MAX = 10;
const UNKNOWN_MAX_MS = 5 * 60_000;

/** What is asked, and when: `scope` is the same as long as the same nodes with the same agents are asked. */
export type AnswerContext = { readonly operationId: OperationId; readonly scope: string; readonly now: Instant };

/**
 * Findings in which a rule that did not know this time says what it said before, and what is to be kept for the next round. A rule that never
 * knew stays unknown. So does one under an override: whether that still holds is asked anew. Pure.
 */
export function keepAnswers(
  findings: readonly Finding[],
  before: PreflightAnswers | undefined,
  { operationId, scope, now }: AnswerContext,
): { readonly findings: readonly Finding[]; readonly answers: PreflightAnswers } {
  const isSame = before !== undefined && before.operationId === operationId && before.scope === scope;
  const known = new Map((isSame ? before.answers : []).map((answer) => [answer.ruleId, answer]));
  const settled = findings.map((finding) => settle(finding, known.get(finding.id), now));
  return {
    findings: settled.map(({ finding }) => finding),
    answers: { operationId, scope, answers: settled.flatMap(({ answer }) => (answer === undefined ? [] : [answer])) },
  };
}

type Settled = { readonly finding: Finding; readonly answer: PreflightAnswer | undefined };

function settle(finding: Finding, before: PreflightAnswer | undefined, now: Instant): Settled {
  const { id: ruleId, outcome, message, subjects, evidence, remedy, observedAt, override } = finding;
  if ((outcome === "passed" || outcome === "failed") && override === undefined)
    return { finding, answer: { ruleId, outcome, message, subjects, evidence, remedy, observedAt, unknowns: 0, unknownSince: undefined } };
  if (outcome !== "unknown" || before === undefined) return { finding, answer: undefined };
  const unknowns = before.unknowns + 1;
  const unknownSince = before.unknownSince ?? now;
  if (unknowns >= UNKNOWNS_MAX || now - unknownSince >= UNKNOWN_MAX_MS) return { finding, answer: undefined };
  const { ruleId: _id, unknowns: _count, unknownSince: _since, ...said } = before;
  return {
    finding: { ...finding, ...said },
    answer: { ...before, unknowns, unknownSince },
  };
}
