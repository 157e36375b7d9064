import { createHash } from "node:crypto";
import {
  nodeBudgetMs,
  waitsItsTurn,
  type Instant,
  type MaintenanceConfigurations,
  type ManagedCluster,
  type Operation,
  type OperationId,
  type PreflightAnswers,
  type RolloutPolicy,
  type StandingRules,
} from "@hostrouting/domain";
import type { ClusterAccess } from "@hostrouting/kube";
import type { PolicyJudgement } from "@hostrouting/policy";
import {
  clusterProfile,
  keepAnswers,
  poolStates,
  run,
  standingRules,
  toWarning,
  upgradeUnderWay,
  verdict,
  type Allowance,
  type ClusterFacts,
  type Finding,
  type NodeFacts,
} from "@hostrouting/preflight";
import type { Bundle, PreflightVerdict } from "@hostrouting/rollout";
import { askCluster, NOT_ASKED, type Asked } from "./ask-cluster.ts";

/** What a check of preflight is about. */
export type PreflightQuestion = {
  readonly cluster: ManagedCluster;
  readonly operation: Operation | undefined;
  readonly maintenance: MaintenanceConfigurations;
  readonly policy: RolloutPolicy;
  readonly nodes: readonly NodeFacts[];
  readonly managedPolicy: PolicyJudgement | undefined;
  readonly cilium: ClusterFacts["cilium"];
  /** What Azure says; absent with other drivers. */
  readonly azure?: ClusterFacts["azure"] | undefined;
  /** The database's time, by which overrides end. */
  readonly now: Instant;
};

/** Whether an operation is where the rules decide about it. */
export function wantsPreflight(operation: Operation | undefined): boolean {
  if (operation === undefined || !waitsItsTurn(operation.kind) || operation.error !== undefined) return false;
  return operation.phase === "Validating" || operation.phase === "Preparing";
}

/** What preflight wants to know of the managed policy; with a driver that keeps none of ours nobody asks. */
function policyFact(judgement: PolicyJudgement | undefined): ClusterFacts["managedPolicy"] {
  const state = judgement?.status.state;
  if (state === "Unknown") return { known: false, because: judgement?.status.message ?? "" };
  return { known: true, value: state === "Foreign" || state === "Unsupported" ? state : "Fine" };
}

/** Rules over Azure's words are for the driver under which Azure switches nodes; where none is asked they say so. */
const NO_AZURE = { known: false, because: "it is asked for an operation of driver aks-arm only" } as const;

/** Everything that the rules may look at. */
export function clusterFacts(question: PreflightQuestion, asked: Asked): ClusterFacts {
  const { cluster, operation, maintenance, policy, nodes, managedPolicy, cilium, now } = question;
  return {
    driver: cluster.driver,
    now,
    ruleset: policy.ruleset,
    nodeAction: policy.nodeAction,
    drainTimeoutMs: policy.drainTimeoutMs,
    maxUnavailable: policy.maxUnavailable,
    nodeTimeoutMs: nodeBudgetMs(policy),
    maintenance: { mode: policy.maintenance, minRemainingMinutes: policy.minRemainingMinutes, configurations: maintenance },
    profile: clusterProfile(cluster.properties),
    provisioningState: cluster.provisioningState,
    ownOperation: operation !== undefined,
    poolStates: poolStates(cluster.properties),
    nodes: { known: true, value: nodes },
    azure: question.azure ?? NO_AZURE,
    policyMode: policy.policyMode,
    managedPolicy: policyFact(managedPolicy),
    cilium,
    ...asked,
  };
}

/** What may fail, by the policy that is asked about. */
export const allowance = ({ policy, now }: PreflightQuestion): Allowance => ({ overrides: policy.preflightOverrides, now });

/** What was asked for an operation, and when (database time). It costs a list of all pods, and rounds follow one another within a second. */
export type PreflightMemory = { readonly operation: OperationId; readonly at: Instant; readonly asked: Asked };

/** When preflight was run for an operation last, whatever it came to. */
export type PreflightRun = { readonly operation: OperationId; readonly at: Instant };

/** People and windows may take days, and before anything is touched preflight is run anew; a rule that fails meanwhile ends the operation this late. */
const RESTING_RUN_MS = 30 * 60_000;

/** Whether the rules are asked in this round: in each, but seldom while the operation rests. Pure. */
export function isPreflightDue({ id, control }: Pick<Operation, "id" | "control">, last: PreflightRun | undefined, now: Instant): boolean {
  return control.rest === undefined || last?.operation !== id || now - last.at >= RESTING_RUN_MS;
}

/** Long enough for the agents of a cluster to report, which is what is waited for between two looks. */
const ASKED_FRESH_MS = 60_000;

/** Answers are kept only where there is one to everything that was asked: what is unknown is asked again in the next round. */
function isWhole({ budgets, ...asked }: Asked, { policy }: PreflightQuestion): boolean {
  return Object.values(asked).every(({ known }) => known) && (budgets.known || policy.nodeAction === "SwitchInPlace");
}

/** Two sets of nodes of one cluster meet in none of 64 bits. */
const SCOPE_CHARACTERS = 16;

/** What is needed to ask, and what was asked before. */
export type Asking = {
  readonly access: ClusterAccess;
  readonly bundle: Bundle;
  readonly memory: PreflightMemory | undefined;
  /** What the rules knew in the round before, as it was recorded. */
  readonly answers?: PreflightAnswers | undefined;
};

/** What a check of preflight comes to. */
export type CheckedPreflight = {
  readonly verdict: PreflightVerdict;
  readonly findings: readonly Finding[];
  readonly memory: PreflightMemory | undefined;
  readonly answers: PreflightAnswers | undefined;
};

async function recall({ access, bundle, memory }: Asking, question: PreflightQuestion): Promise<Asked> {
  const isFresh = memory !== undefined && memory.operation === question.operation?.id && question.now - memory.at < ASKED_FRESH_MS;
  return isFresh ? memory.asked : askCluster(access, question, bundle);
}

/** Stands for the nodes that are asked: an answer of before says nothing of a node, or of an agent, that came since. */
function scopeOf(nodes: readonly NodeFacts[]): string {
  const digest = createHash("sha256");
  const names = nodes.map(({ name, agentOs, preconditions }) => `${name} ${agentOs !== undefined || preconditions !== undefined}`);
  for (const name of names.toSorted()) digest.update(`${name}\n`);
  return digest.digest("hex").slice(0, SCOPE_CHARACTERS);
}

/** Rules that do not know for a moment say what they said before in the same operation. */
function settled(
  findings: readonly Finding[],
  { answers }: Asking,
  { operation, nodes, now }: PreflightQuestion,
): Pick<CheckedPreflight, "findings" | "answers"> {
  if (operation === undefined) return { findings, answers: undefined };
  return keepAnswers(findings, answers, { operationId: operation.id, scope: scopeOf(nodes), now });
}

/** Runs the rules; what could not be read is unknown to them, never absent. `memory` is to be handed back with the next question. */
export async function checkPreflight(asking: Asking, question: PreflightQuestion): Promise<CheckedPreflight> {
  const asked = await recall(asking, question);
  const { findings, answers } = settled(run(clusterFacts(question, asked), allowance(question)), asking, question);
  const summary = verdict(findings);
  const { operation, now } = question;
  const isKept = operation !== undefined && isWhole(asked, question);
  const at = asking.memory?.asked === asked ? asking.memory.at : now;
  return {
    verdict: summary.kind === "Passed" ? { kind: "Passed", warnings: summary.warnings.map(toWarning) } : summary,
    findings,
    memory: isKept ? { operation: operation.id, at, asked } : undefined,
    answers,
  };
}

/** Asks the rules that may be overridden, in every round, of what was looked at anyway. */
export function checkStanding(question: PreflightQuestion): StandingRules {
  return standingRules(clusterFacts(question, NOT_ASKED), allowance(question));
}

/** What shows that the cluster is being upgraded, of what was looked at anyway; nothing when nothing does. */
export function checkUpgrade(question: PreflightQuestion): string | undefined {
  return upgradeUnderWay(clusterFacts(question, NOT_ASKED));
}
