/**
 * Preflight: the rules that decide whether host routing may be switched on for a cluster, over facts that somebody else read.
 *
 * Pure. Every rule runs every time and answers passed, failed, unknown or skipped; an unknown answer of a blocking rule blocks. A failure of
 * a rule that people have overridden is a finding of its own, `overridden`: it blocks nothing and is shown.
 */
export { overridableRules, run, type Allowance } from "./run.ts";
export { ruleAnswers } from "./rule-answers.ts";
export { standingRules, toWarning } from "./standing-rules.ts";
export { keepAnswers, type AnswerContext } from "./keep-answers.ts";
export { rules } from "./rules.ts";
export { verdict, type Finding, type Verdict } from "./finding.ts";
export { clusterProfile, poolStates } from "./cluster-profile.ts";
export { SUPPORTED_OS_IMAGES, whyNodeIsIneligible, osOfNode, osOfSku, type NodeOs } from "./node-os.ts";
export { isConfidentialSize } from "./confidential-size.ts";
export { isAtLeast, parseMinorVersion, type MinorVersion } from "./version.ts";
export {
  ciliumPermissions,
  missingCiliumPermissions,
  missingPermissions,
  workerPermissions,
  type RequiredPermission,
  type ResourceRule,
} from "./worker-permissions.ts";
export { upgradeUnderWay } from "./upgrade-signs.ts";
export { whyBlocked } from "./rules/pf-047-disruption-budgets.ts";
export { drainLoad } from "./drain-load.ts";
export { readQuantity } from "./quantity.ts";
export { ciliumOverrides } from "./cilium-config.ts";
export type { AzureFacts, BudgetFacts, CiliumFacts, ClusterFacts, Known, NodeFacts, PodFacts } from "./facts.ts";
export type { Outcome, Rule, Severity } from "./rule.ts";
