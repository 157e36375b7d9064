import { explain, type Instant, type ManagedCluster, type Operation, type RolloutPolicy, type StandingRules } from "@hostrouting/domain";
import { BUNDLE_NAMESPACE, type ClusterAccess, type GrantedRules } from "@hostrouting/kube";
import type { PolicyJudgement } from "@hostrouting/policy";
import {
  clusterProfile,
  poolStates,
  run,
  standingRules,
  toWarning,
  verdict,
  type Allowance,
  type ClusterFacts,
  type Finding,
  type Known,
  type NodeFacts,
  type ResourceRule,
} from "@hostrouting/preflight";
import type { PreflightVerdict } from "@hostrouting/rollout";

/** What a check of preflight is about. */
export type PreflightQuestion = {
  readonly cluster: ManagedCluster;
  readonly operation: Operation | undefined;
  readonly policy: RolloutPolicy;
  readonly nodes: readonly NodeFacts[];
  readonly managedPolicy: PolicyJudgement | undefined;
  /** The database's time, by which overrides end. */
  readonly now: Instant;
};

/** Whether an operation is where the rules decide about it. */
export function wantsPreflight(operation: Operation | undefined): boolean {
  if (operation === undefined || operation.kind !== "EnableHostRouting" || operation.error !== undefined) return false;
  return operation.phase === "Validating" || operation.phase === "Preparing";
}

async function known<T>(promise: Promise<T>): Promise<Known<T>> {
  try {
    return { known: true, value: await promise };
  } catch (error) {
    return { known: false, because: explain(error) };
  }
}

/** Rights that the API server could not name in full are known only if nothing is missing; PF-054 decides what is. */
function permissions(granted: Known<GrantedRules>): Known<readonly ResourceRule[]> {
  if (!granted.known) return granted;
  if (granted.value.isComplete || granted.value.rules.length > 0) return { known: true, value: granted.value.rules };
  return { known: false, because: "the API server could not list them" };
}

/** What preflight wants to know of the managed policy; with a driver that keeps none of ours nobody asks. */
function policyFact(judgement: PolicyJudgement | undefined): ClusterFacts["managedPolicy"] {
  const state = judgement?.status.state;
  if (state === "Unknown") return { known: false, because: judgement?.status.message ?? "" };
  return { known: true, value: state === "Foreign" || state === "Unsupported" ? state : "Fine" };
}

/** What a look at the nodes does not tell, and what is asked of the API server for a preflight. */
type Asked = Pick<ClusterFacts, "serverVersion" | "permissions">;

const NOT_ASKED: Asked = {
  serverVersion: { known: false, because: "it is read for preflight only" },
  permissions: { known: false, because: "they are read for preflight only" },
};

function clusterFacts({ cluster, operation, policy, nodes, managedPolicy, now }: PreflightQuestion, asked: Asked): ClusterFacts {
  return {
    driver: cluster.driver,
    now,
    ruleset: policy.ruleset,
    nodeAction: policy.nodeAction,
    profile: clusterProfile(cluster.properties),
    provisioningState: cluster.provisioningState,
    ownOperation: operation !== undefined,
    poolStates: poolStates(cluster.properties),
    nodes: { known: true, value: nodes },
    policyMode: policy.policyMode,
    managedPolicy: policyFact(managedPolicy),
    ...asked,
  };
}

const allowance = ({ policy, now }: PreflightQuestion): Allowance => ({ overrides: policy.preflightOverrides, now });

/** Runs the rules over fresh facts; what could not be read is unknown to them, never absent. */
export async function checkPreflight(
  access: ClusterAccess,
  question: PreflightQuestion,
): Promise<{ readonly verdict: PreflightVerdict; readonly findings: readonly Finding[] }> {
  const [serverVersion, granted] = await Promise.all([known(access.serverVersion()), known(access.grantedRules(BUNDLE_NAMESPACE))]);
  const findings = run(clusterFacts(question, { serverVersion, permissions: permissions(granted) }), allowance(question));
  const summary = verdict(findings);
  return { verdict: summary.kind === "Passed" ? { kind: "Passed", warnings: summary.warnings.map(toWarning) } : summary, findings };
}

/** Asks the rules that may be overridden, in every round, of what was looked at anyway. */
export function checkStanding(question: PreflightQuestion): StandingRules {
  return standingRules(clusterFacts(question, NOT_ASKED), allowance(question));
}
