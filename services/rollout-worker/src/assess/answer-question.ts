import {
  productionPolicy,
  type AssessmentReport,
  type AssessmentRequest,
  type Forecast,
  type ManagedCluster,
  type RolloutPolicy,
} from "@hostrouting/domain";
import { bundleManifest, type ClusterAccess } from "@hostrouting/kube";
import { clusterProfile, drainLoad, readQuantity, ruleAnswers, whyBlocked, type ClusterFacts, type PodFacts } from "@hostrouting/preflight";
import { rolloutForecast, simulateChange, type Bundle, type ClusterObservation, type ForecastQuestion } from "@hostrouting/rollout";
import { askCluster } from "../observe/ask-cluster.ts";
import { allowance, checkStanding, checkUpgrade, clusterFacts, type PreflightQuestion } from "../observe/check-preflight.ts";
import { renderChanges } from "./render-changes.ts";

/** The cluster as the round saw it in which the question was found. */
export type AssessedCluster = Omit<PreflightQuestion, "policy"> & {
  readonly access: ClusterAccess;
  readonly observed: ClusterObservation;
  readonly hasLease: boolean;
  readonly bundle: Bundle;
};

type Asked = { readonly seen: AssessedCluster; readonly request: AssessmentRequest; readonly policy: RolloutPolicy };

/** Lets others have their turn between two steps of a long reckoning. */
export type TakeTurns = () => Promise<void>;

/** Decisions in a row before others have a turn: some ten milliseconds of a large cluster, less of others. */
const STEPS_PER_TURN = 4;

function budgetsOf({ budgets }: ClusterFacts, { nodeAction }: RolloutPolicy): Forecast["blockedBudgets"] {
  if (nodeAction === "SwitchInPlace") return { names: [], because: "No node is drained." };
  if (!budgets.known) return { names: [], because: `The budgets could not be read: ${budgets.because}` };
  return { names: budgets.value.filter((budget) => whyBlocked(budget) !== undefined).map(({ name }) => name) };
}

function agentsAsk(bundle: Bundle, nodes: number): Pick<Forecast["capacity"], "agentCpuMilli" | "agentMemoryBytes"> {
  const containers = bundleManifest(bundle).spec?.template.spec?.containers ?? [];
  const total = (resource: string): number =>
    nodes * containers.reduce((sum, { resources }) => sum + (readQuantity(resources?.requests?.[resource] ?? "0") ?? 0), 0);
  return { agentCpuMilli: Math.round(total("cpu") * 1_000), agentMemoryBytes: total("memory") };
}

function capacityOf({ pods }: ClusterFacts, { seen, request, policy }: Asked): Forecast["capacity"] {
  const { nodes, observed, bundle } = seen;
  const hasAgents = request.mode === "BpfVeth" && seen.cluster.driver === "bundle";
  const eligible = !hasAgents ? [] : observed.nodes.filter(({ ineligible }) => ineligible === undefined);
  const agents = agentsAsk(bundle, eligible.length);
  if (policy.nodeAction === "SwitchInPlace") return { ...agents, because: "No pod leaves its node." };
  if (!pods.known) return { ...agents, because: `The pods could not be read: ${pods.because}` };
  const load = drainLoad(nodes, pods.value, policy.maxUnavailable);
  if ("silent" in load) return { ...agents, because: `What ${load.silent.join(", ")} can give to pods could not be read.` };
  return { ...agents, leaving: load.leaving, free: load.free };
}

const leavingPods = (pods: readonly PodFacts[]): ForecastQuestion["leaving"] =>
  pods.filter(({ leaves, node }) => leaves && node !== "").map(({ name, node, budgets: [budget] }) => ({ name, node, budget }));

async function forecastOf({ seen, request, policy }: Asked, facts: ClusterFacts, takeTurns: TakeTurns): Promise<Forecast> {
  const { cluster, observed, managedPolicy, maintenance, bundle, now } = seen;
  const profile = clusterProfile(cluster.properties);
  const asked = questionOf({ seen, request, policy });
  const question: ForecastQuestion = {
    mode: request.mode,
    driver: cluster.driver,
    policy,
    bundle,
    network: { podCidrs: profile.podCidrs, serviceCidrs: profile.serviceCidrs },
    standing: checkStanding(asked),
    disruption: { policy: profile.nodeDisruptionPolicy, configurations: maintenance },
    managedPolicy,
    upgrade: checkUpgrade(asked),
    observed,
    generation: cluster.generation,
    leaving: policy.nodeAction === "DrainAndSwitch" && facts.pods.known ? leavingPods(facts.pods.value) : [],
    budgets: new Map(facts.budgets.known ? facts.budgets.value.map(({ name, disruptionsAllowed }) => [name, disruptionsAllowed]) : []),
    now,
  };
  const steps = simulateChange(question);
  let step = steps.next();
  for (let count = 1; step.done !== true; count += 1) {
    if (count % STEPS_PER_TURN === 0) await takeTurns();
    step = steps.next();
  }
  const hasPolicy = managedPolicy?.isOurs ?? false;
  return {
    ...rolloutForecast(question, step.value),
    blockedBudgets: budgetsOf(facts, policy),
    capacity: capacityOf(facts, { seen, request, policy }),
    changes: renderChanges(step.value.intents, { observed, hasPolicy, hasLease: seen.hasLease }),
  };
}

/** As the operation would find it: what an earlier one left, `Failed` or `Canceled`, ends when the next one is accepted. */
function asAccepted(cluster: ManagedCluster): ManagedCluster {
  const isLeft = cluster.provisioningState === "Failed" || cluster.provisioningState === "Canceled";
  return isLeft ? { ...cluster, provisioningState: "Succeeded" } : cluster;
}

function questionOf({ seen, policy }: Asked): PreflightQuestion {
  const { operation, maintenance, nodes, managedPolicy, cilium, azure, now } = seen;
  return { cluster: asAccepted(seen.cluster), operation, maintenance, policy, nodes, managedPolicy, cilium, azure, now };
}

/**
 * Answers a question about a cluster from what a round saw of it and from further reads; nothing is written but what the API server tries and drops.
 * What cannot be read is unknown to the rules.
 */
export async function answerQuestion(seen: AssessedCluster, request: AssessmentRequest, takeTurns: TakeTurns): Promise<AssessmentReport> {
  const policy: RolloutPolicy = { ...productionPolicy, ...request.rolloutPolicy };
  const asked = { seen, request, policy };
  const question = questionOf(asked);
  const facts = clusterFacts(question, await askCluster(seen.access, question, seen.bundle));
  const report: AssessmentReport = {
    kind: request.kind,
    mode: request.mode,
    driver: seen.cluster.driver,
    observedAt: new Date(seen.now).toISOString(),
    nodeCount: seen.nodes.length,
    reportingNodes: seen.nodes.filter(({ agentOs, preconditions }) => agentOs !== undefined || preconditions !== undefined).length,
    ...ruleAnswers(request.mode, facts, allowance(question)),
  };
  // In which order AKS takes the nodes, and how long for each, is known to nobody here: what was reckoned would be invented.
  if (seen.cluster.driver === "aks-arm") return report;
  return request.kind === "Validate" ? report : { ...report, forecast: await forecastOf(asked, facts, takeTurns) };
}
