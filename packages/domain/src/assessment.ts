import { as, type Brand, type ClusterId, type Instant } from "./brand.ts";
import type { AssessmentReport } from "./assessment-report.ts";
import type { AccelerationMode } from "./managed-cluster.ts";
import type { OperationError } from "./operation.ts";
import type { RolloutPolicy } from "./rollout-policy.ts";

/** Id (UUID) of an assessment, as it stands in the `Azure-AsyncOperation` URL. */
export type AssessmentId = Brand<string, "AssessmentId">;

/** Somebody's question what a change of mode would meet (`validate`) or do (`whatIf`). It changes nothing and is no operation of the cluster. */
export type AssessmentRequest = {
  readonly id: AssessmentId;
  readonly clusterId: ClusterId;
  readonly kind: "Validate" | "WhatIf";
  readonly mode: AccelerationMode;
  /** The cluster's own part of the policy, with what the question changes in it. */
  readonly rolloutPolicy: Partial<RolloutPolicy>;
  readonly tenantId: string;
  readonly objectId: string;
};

/** How a question ended. `Canceled`: a later one of its kind took its place. */
export type AssessmentAnswer =
  | { readonly state: "Succeeded"; readonly report: AssessmentReport }
  | { readonly state: "Failed"; readonly error: OperationError };

/** A question with its answer, once there is one. */
export type Assessment = AssessmentRequest & {
  readonly state: "Pending" | "Succeeded" | "Failed" | "Canceled";
  readonly report: AssessmentReport | undefined;
  readonly error: OperationError | undefined;
  readonly requestedAt: Instant;
  readonly endedAt: Instant | undefined;
};

/** Ended assessments of a cluster that are kept, the newest. */
export const ASSESSMENTS_KEPT = 5;
/** A question that nobody has answered by then has failed, whether or not a worker runs to say so. */
export const ASSESSMENT_MAX_MS = 5 * 60_000;
/** For how long a cluster that does not answer is asked again. */
export const ASSESSMENT_UNREACHABLE_MAX_MS = 30_000;

/** What a question is told when a later one of its kind comes. */
export const SUPERSEDED_ASSESSMENT: OperationError = {
  code: "Superseded",
  message: "A later request of the same kind took its place; ask for the answer of that one.",
};

/** As it is at an instant: a question has failed as soon as its time is over, with nobody needed to write that down. Pure. */
export function assessmentAt(assessment: Assessment, now: Instant): Assessment {
  const endedAt = as<Instant>(assessment.requestedAt + ASSESSMENT_MAX_MS);
  if (assessment.state !== "Pending" || now < endedAt) return assessment;
  const message = `No worker answered within ${ASSESSMENT_MAX_MS / 60_000} minutes. See that a worker runs and send the request again.`;
  return { ...assessment, state: "Failed", error: { code: "AssessmentTimeout", message }, endedAt };
}
