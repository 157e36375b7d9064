import { as, type AccelerationMode, type Driver, type Instant, type RolloutPolicy, type Wait } from "@hostrouting/domain";
import { currentReport } from "../agent-report.ts";
import type { Decision } from "../decide.ts";
import type { Intent } from "../intent.ts";
import type { ClusterObservation, ClusterSnapshot, NodeObservation } from "../snapshot.ts";
import { Simulation } from "../simulate.ts";
import { simulatedFlight, type NodeFlight } from "./node-flight.ts";

/** A pod that leaves when its node is drained. Names with their namespace and a slash; `budget`: the first that keeps it. */
export type LeavingPod = { readonly name: string; readonly node: string; readonly budget: string | undefined };

/** What a forecast starts from: the cluster as a round sees it, with the policy that is asked about. */
export type ForecastQuestion = Pick<
  ClusterSnapshot,
  "policy" | "bundle" | "network" | "standing" | "disruption" | "managedPolicy" | "upgrade"
> & {
  readonly mode: AccelerationMode;
  readonly driver: Driver;
  readonly observed: ClusterObservation;
  /** Of the cluster: the next one is its successor. */
  readonly generation: number;
  readonly leaving: readonly LeavingPod[];
  /** Evictions that each budget allows at once, by name; pods that left are soon well elsewhere. */
  readonly budgets: ReadonlyMap<string, number>;
  readonly now: Instant;
};

/** How a simulated operation went. */
export type SimulatedChange = {
  readonly end: "Succeeded" | "Failed" | "Paused" | "Held" | "Truncated";
  readonly because: string | undefined;
  readonly last: Decision | undefined;
  /** From begin to end, and what of it windows and scheduled starts held. */
  readonly elapsedMs: number;
  readonly heldMs: number;
  readonly flights: readonly NodeFlight[];
  /** The first of each reason and subject that held it, in order. */
  readonly waits: readonly Wait[];
  /** What was done, each of a subject and kind as it was done last; of nodes every patch. */
  readonly intents: readonly Intent[];
};

/** Clusters are followed for so many decisions about a node in all: some ten seconds of one processor. */
const NODE_STEPS_MAX = 8_000_000;
/** How the time is passed where nothing says until when: by the minute at first, then by more and more. */
const QUIET_MS = 60_000;
const QUIET_EVENLY = 30;
/** Ten days in all, more than any deadline of the engine: what rests for longer waits for somebody. */
const QUIET_MAX = 200;
const SETTLING_STEPS_MAX = 500;

/** Reasons for which whoever asks what would happen is told what holds it. All others are the ordinary way of a node. */
const HOLDING: ReadonlySet<Wait["reason"]> = new Set<Wait["reason"]>([
  "ApprovalPending",
  "ScheduledStart",
  "WebhookPending",
  "MaintenanceWindowClosed",
  "NodeDisruptionBlocked",
  "ClusterUpgrading",
  "DisruptionNotAcknowledged",
  "PodDisruptionBudget",
  "NodeNotReady",
  "PreflightBlocked",
  "OverrideEnded",
  "EmergencyOff",
  "PolicyForeign",
  "PolicyUnsupported",
  "PolicyContested",
  "PlatformRulesMissing",
  "PlatformRulesUnknown",
  "Paused",
]);

/** No deadline runs under these, so that one without an end never ends. */
const ENDLESS: ReadonlySet<Wait["reason"]> = new Set<Wait["reason"]>([
  "MaintenanceWindowClosed",
  "NodeDisruptionBlocked",
  "ClusterUpgrading",
]);

function isOn(seen: NodeObservation): boolean {
  return currentReport(seen)?.effectiveMode === "BpfVeth";
}

function addNode(simulation: Simulation, seen: NodeObservation): void {
  const node = simulation.addNode(seen.name, seen.uid);
  const report = currentReport(seen);
  node.ready = seen.ready;
  node.unschedulable = seen.unschedulable;
  node.ineligible = seen.ineligible;
  node.rules = report?.scan?.state;
  node.userRules = seen.userRules;
  node.taints = seen.taints;
  if (report?.platformRules !== undefined) node.platformRules = report.platformRules.state;
  if (report?.census !== undefined) node.connections = report.census.state === "Known" ? report.census.longLived : "Unknown";
}

/** What distinguishes nodes from one another, and holds some of them back: set once nothing need be switched for the beginning any more. */
function describe(simulation: Simulation, seen: NodeObservation): void {
  const node = simulation.nodes.get(seen.name);
  if (node === undefined) return;
  node.pool = seen.pool;
  node.isSystem = seen.isSystem;
  node.zone = seen.zone;
  node.image = seen.stratum;
  node.ready = seen.ready;
}

/** Nothing is waited for, so that nodes which are on already are so at the beginning. */
function hurried(policy: RolloutPolicy): RolloutPolicy {
  return {
    ...policy,
    nodeAction: "SwitchInPlace",
    maxUnavailable: 500,
    canaryPerStratum: 0,
    canarySoakMs: 0,
    batchPlan: [],
    batchSoakMs: 0,
    nodeSoakMs: 0,
    finalSoakMs: 0,
    verifyCount: 1,
    gates: [],
    disruptionAcknowledgement: "NotRequired",
    maintenance: "Ignore",
    analysisMode: "Off",
  };
}

/** A simulated cluster that is as the real one was seen: nodes that are on are on by the engine's own doing. */
function* settled(question: ForecastQuestion): Generator<void, Simulation> {
  const { policy, bundle, network, generation, observed, now, driver } = question;
  const on = observed.nodes.filter(isOn);
  // The request that brings the simulated cluster to its beginning takes a generation itself.
  const simulation = new Simulation(hurried(policy), driver, { network, generation: on.length > 0 ? generation - 1 : generation });
  simulation.offered = bundle;
  simulation.nowMs = now - SETTLING_STEPS_MAX * 1_000;
  for (const seen of on) addNode(simulation, { ...seen, ready: true, ineligible: undefined });
  if (on.length > 0) simulation.request("BpfVeth");
  for (let steps = 0; simulation.operation !== undefined && steps < SETTLING_STEPS_MAX; steps += 1) {
    simulation.step();
    yield;
  }
  for (const seen of observed.nodes) if (!simulation.nodes.has(seen.name)) addNode(simulation, seen);
  for (const seen of observed.nodes) describe(simulation, seen);
  for (const { name, node, budget } of question.leaving) simulation.nodes.get(node)?.pods.push({ name, budget });
  simulation.policy = policy;
  simulation.standing = () => question.standing;
  simulation.disruption = question.disruption;
  simulation.clusterUpgrade = question.upgrade;
  simulation.birthTaint = observed.birthTaint;
  simulation.emergencyOff = observed.config?.emergencyOff ?? false;
  if (question.managedPolicy?.status.state === "Foreign" || question.managedPolicy?.status.state === "Unsupported")
    simulation.networkPolicy = question.managedPolicy.status.state;
  simulation.nowMs = now;
  return simulation;
}

/** People answer as soon as they are asked. */
function answer(simulation: Simulation, waits: readonly Wait[]): void {
  for (const { reason, subject } of waits) {
    if (reason === "ApprovalPending" || reason === "WebhookPending") simulation.answer(subject, true);
    if (reason === "DisruptionNotAcknowledged") simulation.acknowledge(Number.MAX_SAFE_INTEGER);
  }
}

/** When the next thing can happen, as the policy has it: the end of a soak, of a drain, of a wait of the whole cluster. */
function nextInstant({ nodes, status }: Decision, policy: RolloutPolicy, nowMs: number): number | undefined {
  const ofNodes = nodes.flatMap(({ phase, since, lastVerifiedAt, drainedAt }) => {
    if (phase === "Soaking") return [since + policy.nodeSoakMs];
    if (phase === "Verifying") return [(lastVerifiedAt ?? since) + policy.verifyIntervalMs];
    if (phase !== "Draining") return [];
    return [drainedAt === undefined ? since + policy.drainTimeoutMs : drainedAt + policy.drainConnectionIdleMs];
  });
  const ofCluster = status.waits.flatMap(({ reason, subject, until }) => {
    if (reason === "AnalysisRunning") return [nowMs + policy.analysisIntervalMs];
    return until === undefined || (subject !== "cluster" && reason !== "ScheduledStart") ? [] : [until];
  });
  const ahead = [...ofNodes, ...ofCluster].filter((at) => at >= nowMs);
  return ahead.length === 0 ? undefined : ahead.reduce((first, at) => Math.min(first, at));
}

/** Phases that a simulated agent or API server leaves by the next step. */
const PASSING: ReadonlySet<string> = new Set(["Cordoning", "Installing", "Switching", "Confirming", "Detaching"]);

/** What happens over and over, or to many, kept once. */
class Noted {
  readonly intents = new Map<string, Intent>();
  readonly waits = new Map<string, Wait>();

  take({ intents, status }: Decision): void {
    for (const intent of intents) this.intents.set(keyOf(intent), intent);
    for (const wait of status.waits) {
      const key = `${wait.reason} ${wait.subject}`;
      if (HOLDING.has(wait.reason) && !this.waits.has(key)) this.waits.set(key, wait);
    }
  }
}

function keyOf(intent: Intent): string {
  const subject = "node" in intent ? intent.node : "";
  if (intent.kind !== "PatchNode") return `${intent.kind} ${subject}`;
  const { labelled, userRules, owner, cordonedBy } = intent;
  return `${intent.kind} ${subject} ${JSON.stringify([labelled, userRules, owner, cordonedBy])}`;
}

/** Follows one operation to its end, passing over the time in which nothing happens. */
class Followed {
  readonly noted = new Noted();
  readonly flight = simulatedFlight();
  readonly #simulation: Simulation;
  readonly #question: ForecastQuestion;
  #quiet = 0;
  last: Decision | undefined;

  constructor(simulation: Simulation, question: ForecastQuestion) {
    this.#simulation = simulation;
    this.#question = question;
  }

  /** One step of the cluster; answers how the operation ended, or nothing while it goes on. */
  step(): Pick<SimulatedChange, "end" | "because"> | undefined {
    const simulation = this.#simulation;
    for (const [name, allowed] of this.#question.budgets) simulation.budgets.set(name, allowed);
    const pods = this.#podCount();
    const atMs = simulation.nowMs;
    const decision = simulation.step();
    this.last = decision;
    this.noted.take(decision);
    this.flight.take(decision, as<Instant>(atMs));
    const { operation } = decision;
    if (operation === undefined || operation.phase === "Succeeded") return { end: "Succeeded", because: undefined };
    if (operation.phase === "Failed" || operation.phase === "Canceled") return { end: "Failed", because: operation.error?.message };
    if (operation.phase === "Paused") return { end: "Paused", because: operation.control.pause?.message };
    answer(simulation, decision.status.waits);
    const moved = decision.history.length > 0 || decision.intents.some(({ kind }) => kind !== "EvictPods") || pods !== this.#podCount();
    return this.#pass(decision, moved);
  }

  #podCount(): number {
    return this.#question.policy.nodeAction === "SwitchInPlace"
      ? 0
      : [...this.#simulation.nodes.values()].reduce((sum, { pods }) => sum + pods.length, 0);
  }

  #pass(decision: Decision, moved: boolean): Pick<SimulatedChange, "end" | "because"> | undefined {
    if (moved || decision.nodes.some(({ phase }) => PASSING.has(phase))) {
      this.#quiet = 0;
      return undefined;
    }
    const next = nextInstant(decision, this.#question.policy, this.#simulation.nowMs);
    if (next !== undefined) this.#simulation.nowMs = next;
    else {
      // A step or two may pass until what was just written is seen.
      this.#quiet += 1;
      if (this.#quiet > 2) this.#simulation.nowMs += QUIET_MS * Math.max(1, this.#quiet - QUIET_EVENLY);
      const standing = decision.status.waits.find(({ reason, until }) => ENDLESS.has(reason) && until === undefined);
      if (this.#quiet > QUIET_MAX || standing !== undefined)
        return { end: "Held", because: (standing ?? decision.status.waits[0])?.message };
    }
    return undefined;
  }
}

/** The engine's own decisions over a simulated cluster, step by step: whoever runs it may do something else between two steps. Pure. */
export function* simulateChange(question: ForecastQuestion): Generator<void, SimulatedChange> {
  const simulation = yield* settled(question);
  simulation.request(question.mode);
  const followed = new Followed(simulation, question);
  const stepsMax = Math.ceil(NODE_STEPS_MAX / Math.max(1, simulation.nodes.size));
  let ended: Pick<SimulatedChange, "end" | "because"> | undefined;
  for (let steps = 0; ended === undefined && steps < stepsMax; steps += 1) {
    ended = followed.step();
    yield;
  }
  const { last } = followed;
  return {
    ...(ended ?? {
      end: "Truncated",
      because: "It takes more steps than are followed: raise `maxUnavailable` to switch more nodes at once.",
    }),
    last,
    elapsedMs: simulation.nowMs - question.now,
    heldMs: last?.operation?.control.waitedMs ?? 0,
    flights: followed.flight.flights(last?.nodes ?? []),
    waits: [...followed.noted.waits.values()],
    intents: [...followed.noted.intents.values()],
  };
}
