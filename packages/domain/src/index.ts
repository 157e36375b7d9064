/**
 * The vocabulary of host routing, shared by every part: identities, the managed cluster, the operation that turns
 * host routing on or off, what a node goes through, and the typed reasons for waiting.
 *
 * Nothing here awaits, reads a clock, draws a random number or knows of HTTP, Postgres, Kubernetes or the kernel.
 */
export * from "./admission.ts";
export * from "./analysis.ts";
export * from "./assessment.ts";
export { assessmentMarkdown } from "./assessment-markdown.ts";
export type * from "./assessment-report.ts";
export * from "./brand.ts";
export * from "./built-in-roles.ts";
export * from "./change-rollout-policy.ts";
export * from "./deployment.ts";
export * from "./errors.ts";
export * from "./maintenance-configuration.ts";
export * from "./maintenance-window.ts";
export * from "./managed-cluster.ts";
export * from "./managed-policy.ts";
export * from "./operation.ts";
export * from "./named-and-more.ts";
export * from "./node-disruption.ts";
export * from "./node-news.ts";
export * from "./node-rollout.ts";
export * from "./node-taint.ts";
export * from "./permits.ts";
export type { PreflightAnswer, PreflightAnswers } from "./preflight-answers.ts";
export * from "./preflight-override.ts";
export * from "./provisioning.ts";
export * from "./policy-fault.ts";
export { replaceRolloutPolicy } from "./replace-rollout-policy.ts";
export * from "./rollout-gate.ts";
export * from "./rollout-policy.ts";
export * from "./share.ts";
export * from "./step-faults.ts";
export * from "./switch-disruption.ts";
export * from "./wait-reason.ts";
export * from "./unreachable.ts";
export * from "./usage.ts";
export * from "./visible-text.ts";
export * from "./host-routing-status.ts";
export * from "./standing-rules.ts";
export * from "./flow-trace.ts";
export * from "./rule-removal.ts";
export * from "./packet-reasons.ts";
