import type { OperationError } from "@hostrouting/domain";
import type { Severity } from "./rule.ts";

/** Somebody's word that a rule may fail. `reason` is their own text; `expiresAt` ISO 8601, UTC. */
export type FindingOverride = { readonly reason: string; readonly expiresAt: string; readonly expired: boolean };

/** What one rule said about one cluster. `overridden`: it failed, and that is allowed for now: it blocks nothing and is shown. */
export type Finding = {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly outcome: "passed" | "failed" | "overridden" | "unknown" | "skipped";
  readonly message: string;
  readonly subjects: readonly string[];
  readonly evidence: string;
  readonly remedy: string;
  /** When that was seen, ISO 8601, UTC. */
  readonly observedAt: string;
  /** Where the rule is described, from the root of the documentation. */
  readonly docs: string;
  /** Whether people may let it fail for a while. */
  readonly overridable: boolean;
  /** Of a finding that is overridden, or failed because its override has ended. */
  readonly override: FindingOverride | undefined;
  /** There where only the bundle's agents can tell, and none has yet. */
  readonly needsAgent?: true;
};

/** What all findings together mean for an operation. `Unknown` may be asked again for a while and blocks for good after that. */
export type Verdict =
  | { readonly kind: "Passed"; readonly warnings: readonly Finding[] }
  | { readonly kind: "Failed"; readonly error: OperationError }
  | { readonly kind: "Unknown"; readonly error: OperationError };

const isBlocking = (outcome: Finding["outcome"]) => (finding: Finding) => finding.severity === "Block" && finding.outcome === outcome;

function detail(finding: Finding): OperationError {
  const { severity, outcome, subjects, evidence, remedy, observedAt, docs, overridable } = finding;
  return {
    code: finding.id,
    message: `${finding.title}: ${finding.message} ${finding.remedy}`.trim(),
    target: finding.subjects.join(", ") || "cluster",
    additionalInfo: [{ type: "PreflightFinding", info: { severity, outcome, subjects, evidence, remedy, observedAt, docs, overridable } }],
  };
}

function blocked(findings: readonly Finding[]): OperationError {
  const ids = findings.map((finding) => finding.id).join(", ");
  return {
    code: "PreflightBlocked",
    message: `Preflight blocks the operation: ${ids}. No node was switched; correct what the details name and send the request again.`,
    target: "preflight",
    details: findings.map(detail),
  };
}

/** Sums findings up: one failed blocking rule fails, one unknown blocking rule leaves it unknown. The error has one detail per check. */
export function verdict(findings: readonly Finding[]): Verdict {
  const failures = findings.filter(isBlocking("failed"));
  if (failures.length > 0) return { kind: "Failed", error: blocked(failures) };
  const unknowns = findings.filter(isBlocking("unknown"));
  if (unknowns.length > 0) return { kind: "Unknown", error: blocked(unknowns) };
  return { kind: "Passed", warnings: findings.filter(({ outcome }) => outcome === "failed" || outcome === "overridden") };
}
