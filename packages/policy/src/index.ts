/**
 * Policy: packet filter rules said as CiliumClusterwideNetworkPolicies, where that can be done without changing their meaning, with a reason for
 * each rule where it cannot; the policy that stands for AKS' own rules; and whether a managed policy is as it should be, who changed it, and
 * what is to be done about it.
 *
 * Pure: reading and writing the objects is the rollout worker's, denying packets by them Cilium's or the node bundle's.
 */
export { azureDestinationsPolicy, AZURE_DESTINATIONS_POLICY } from "./azure-destinations.ts";
export {
  MANAGED_BY,
  MANAGED_BY_LABEL,
  type ClusterwidePolicy,
  type DeniedTraffic,
  type DenySpec,
  type EgressDeny,
  type IngressDeny,
  type PolicyIcmp,
  type PolicyPort,
} from "./cilium-policy.ts";
export { translateRules, type Translation } from "./translate-rules.ts";
export { translatedPolicy } from "./translated-policy.ts";
export { missingDenials } from "./missing-denials.ts";
export type { ImpossibleReason, ManualReason, Refusal } from "./refusal.ts";
export type { ClusterPlace, FilterProtocol, RuleFilter } from "./rule-filter.ts";
export { policyNews, type PolicyNews, type PolicyNewsReason } from "./policy-news.ts";
export {
  judgePolicy,
  type PolicyAttempt,
  type PolicyCorrection,
  type PolicyJudgement,
  type PolicyObservation,
  type PolicyQuestion,
} from "./judge-policy.ts";
