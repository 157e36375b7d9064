import {
  as,
  defaultAdmission,
  explain,
  productionPolicy,
  retryPauseMs,
  STEP_TRIES_DEFAULT,
  takesSlot,
  wantsSlot,
  type AdmissionLimits,
  type ClusterId,
  type Driver,
  type NodeRollout,
  type Operation,
  type OperationPhase,
  type StepFaults,
  type OperationId,
  type PreflightAnswers,
  type RolloutPolicy,
  type StandingRules,
} from "@hostrouting/domain";
import type { ClusterAccess } from "@hostrouting/kube";
import type { PolicyJudgement } from "@hostrouting/policy";
import type { ClusterFacts, NodeFacts } from "@hostrouting/preflight";
import { decide, type Bundle, type Decision, type PreflightVerdict, type Reach } from "@hostrouting/rollout";
import type { Logger, Timers } from "@hostrouting/runtime";
import { upgradeChange, type ClusterLease, type ClusterRound, type RoundRecord, type Store } from "@hostrouting/store";
import type { AccessPool } from "./access-pool.ts";
import { assessRound } from "./assess/assess-round.ts";
import { heldByOther, readFence, takeFence, type Fence } from "./cluster-fence.ts";
import { askAzure } from "./azure/ask-azure.ts";
import type { AzurePool } from "./azure/azure-pool.ts";
import { lookAtAzure, type AzureQuestion, type AzureSeen } from "./azure/look-at-azure.ts";
import { observeAks } from "./azure/observe-aks.ts";
import type { RoundMemory } from "./round-memory.ts";
import { roundSnapshot } from "./round-snapshot.ts";
import { observeCilium, type CiliumLook } from "./cilium/observe-cilium.ts";
import { applyIntents, isPassing, type ApplyContext } from "./apply/apply-intents.ts";
import { recordedNews } from "./events/recorded-news.ts";
import { tellNews } from "./events/tell-news.ts";
import { SubjectBackoff } from "./apply/subject-backoff.ts";
import { holdLease, type HeldLease } from "./held-lease.ts";
import type { WorkerMetrics } from "./metrics/worker-metrics.ts";
import { checkPreflight, checkStanding, checkUpgrade, isPreflightDue, wantsPreflight } from "./observe/check-preflight.ts";
import { judgeManagedPolicy } from "./observe/judge-managed-policy.ts";
import { asSeenByEngine, whyNotProvided, withProvidersOperation } from "./provider-wait.ts";
import { missingRights } from "./observe/missing-rights.ts";
import { justSwitched, readSandboxes, withSandboxes } from "./observe/sandboxes.ts";
import { askGate } from "./webhook/ask-gate.ts";
import type { AskWebhook } from "./webhook/ask-webhook.ts";
import { freshBirthTaint, observeCluster, type ObservedCluster } from "./observe/observe-cluster.ts";

/** What rounds need; the same for every cluster of a worker. */
export type RoundDeps = {
  readonly store: Pick<Store, "leases" | "rounds" | "clusters" | "assessments">;
  readonly access: AccessPool;
  /** Clusters that AKS manages; without it Azure is asked nothing. */
  readonly azure?: AzurePool;
  readonly workerId: string;
  /** A UUID for an operation that begins by itself. */
  readonly newId: () => string;
  readonly bundle: Bundle;
  readonly logger: Logger;
  readonly askWebhook: AskWebhook;
  readonly metrics: Pick<WorkerMetrics, "decided" | "roundEnded" | "forget">;
  readonly timers: Timers;
  /** How many operations may go on at once; the default unless said. */
  readonly admission?: AdmissionLimits;
  /** Tries of a step before its operation is paused; the default unless said. */
  readonly stepTriesMax?: number;
  /** From 0 to 1, evenly; the machine's own unless said. */
  readonly chance?: () => number;
};

/** How a round ended: what is to be watched, and when to look again. */
export type RoundEnd =
  | { readonly kind: "Done"; readonly lookAgainInMs: number; readonly access: ClusterAccess | undefined; readonly isActive: boolean }
  /** Somebody else holds the cluster, or took it, or the operation moved on while we looked. */
  | { readonly kind: "Yielded"; readonly lookAgainInMs: number }
  | { readonly kind: "Unknown" };

/** While something is held back, a round that is in a hurry for it need not be; other nodes are still looked after. */
const HELD_BACK_LOOK_MAX_MS = 5_000;

/** An error is quoted so far: enough for what and where. */
const MESSAGE_MAX = 500;

/** A round whose record was refused begins again soon: the world moved, and the next look sees how. */
const OVERTAKEN_MS = 200;

type Look = {
  readonly reach: Reach;
  readonly preflight: PreflightVerdict;
  readonly preflightAnswers?: PreflightAnswers | undefined;
  readonly standing: StandingRules;
  readonly upgrade?: string | undefined;
  readonly managedPolicy: PolicyJudgement | undefined;
  readonly access: ClusterAccess | undefined;
  readonly fence: Fence;
  /** What preflight wants of the nodes; absent where nobody could look. */
  readonly facts?: readonly NodeFacts[] | undefined;
  readonly cilium?: ClusterFacts["cilium"];
};

type Looking = {
  readonly read: ClusterRound;
  readonly lease: ClusterLease;
  readonly policy: RolloutPolicy;
  readonly memory: RoundMemory;
  readonly azure: AzureSeen | undefined;
};

/** What is said of a cluster that nobody has seen. */
const UNSEEN = { standing: { warnings: [], warningIds: [], refusals: [] }, managedPolicy: undefined, fence: { kind: "Absent" } } as const;

/** How a cluster is looked at, by what switches its nodes. */
const observe: Readonly<Record<Driver, (access: ClusterAccess, look: CiliumLook) => Promise<ObservedCluster>>> = {
  bundle: (access, { records, birthTaint }) => observeCluster(access, records, birthTaint),
  "aks-arm": observeAks,
  cilium: observeCilium,
};

/** Whether something is under way, or on: such a cluster is watched. */
function isWorkedOn({ operation, cluster }: ClusterRound): boolean {
  return operation !== undefined || cluster.desiredMode === "BpfVeth";
}

function isExhausted({ stepTriesMax = STEP_TRIES_DEFAULT }: RoundDeps, { tries }: StepFaults): boolean {
  return tries >= stepTriesMax;
}

/** The nodes that an operation of ours has just switched. */
function switchedBy({ operation, cluster, nodes, now }: ClusterRound): readonly NodeRollout[] {
  return operation === undefined || cluster.driver === "aks-arm" ? [] : justSwitched(nodes, now);
}

/** Looks at the cluster. What cannot be reached is an outcome, not a fault. */
async function look(deps: RoundDeps, { read, lease, policy, memory, azure }: Looking): Promise<Look> {
  let access: ClusterAccess | undefined;
  const { faults } = read;
  // Whatever it is that makes rounds fail, the next one would meet it again: the operation is paused without looking.
  if (read.operation !== undefined && faults?.kind === "Round" && isExhausted(deps, faults)) {
    const reach = { kind: "Unreachable", reason: "StepExhausted", message: faults.message } as const;
    return { reach, preflight: { kind: "NotAsked" }, ...UNSEEN, access };
  }
  const notThere = whyNotProvided(read);
  if (notThere !== undefined) return { reach: notThere, preflight: { kind: "NotAsked" }, ...UNSEEN, access };
  try {
    access = await deps.access.get(read.cluster);
    if (isWorkedOn(read)) memory.follow(access);
    const known = freshBirthTaint(memory.birthTaint, read.operation !== undefined, read.now);
    const [{ observed: plain, facts, cilium, policy: found }, fence, sandboxes] = await Promise.all([
      observe[read.cluster.driver](access, { records: read.nodes, policy, words: memory.words, birthTaint: known?.state, now: read.now }),
      azure === undefined ? readFence(access, memory.fence, lease.token) : UNSEEN.fence,
      readSandboxes(access, switchedBy(read), { memory: memory.sandboxes, now: read.now }),
    ]);
    memory.sandboxes = sandboxes;
    const observed = { ...withSandboxes(plain, sandboxes), missingRights: missingRights(fence, sandboxes) };
    const other = heldByOther(fence, lease.token);
    memory.fence = other === undefined && fence.kind !== "Unavailable" ? { token: lease.token, fence } : undefined;
    if (other !== undefined) return { reach: other, preflight: { kind: "NotAsked" }, ...UNSEEN, access: undefined };
    memory.birthTaint = known ?? { at: read.now, state: observed.birthTaint };
    const reach: Reach = { kind: "Reachable", observed };
    const managedPolicy = judgeManagedPolicy(found, { read, policy, attempt: memory.applied.policyAttempt });
    const { cluster, operation, maintenance, now } = read;
    const question = { cluster, operation, maintenance, policy, nodes: facts, managedPolicy, cilium, azure: azure?.facts, now };
    const said = { reach, standing: checkStanding(question), upgrade: checkUpgrade(question), managedPolicy, access, fence, facts, cilium };
    if (operation === undefined || !wantsPreflight(operation)) {
      memory.preflight = undefined;
      return { ...said, preflight: { kind: "NotAsked" } };
    }
    if (!isPreflightDue(operation, memory.preflightRun, now))
      return { ...said, preflight: { kind: "NotAsked" }, preflightAnswers: read.status?.preflight };
    memory.preflightRun = { operation: operation.id, at: now };
    const checked = await checkPreflight(
      { access, bundle: deps.bundle, memory: memory.preflight, answers: read.status?.preflight },
      question,
    );
    memory.preflight = checked.memory;
    return { ...said, preflight: checked.verdict, preflightAnswers: checked.answers };
  } catch (error) {
    return { reach: { kind: "Unreachable", message: explain(error) }, preflight: { kind: "NotAsked" }, ...UNSEEN, access };
  }
}

async function leaseDuration(deps: RoundDeps, clusterId: ClusterId, memory: RoundMemory): Promise<number> {
  if (memory.leaseMs !== undefined) return memory.leaseMs;
  const { rolloutPolicy } = await deps.store.clusters.status(clusterId);
  return rolloutPolicy.leaseMs ?? productionPolicy.leaseMs;
}

/** Whether there is a place for the operation among all others; nothing for one that asks for none. */
async function askAdmission({ store, admission: limits = defaultAdmission }: RoundDeps, operation: Operation | undefined) {
  if (operation === undefined || !wantsSlot(operation)) return undefined;
  return store.rounds.admission({ operationId: operation.id, limits });
}

type Deciding = { readonly read: ClusterRound; readonly decision: Decision; readonly wasClean: boolean };

/** Phases in which an operation does not go on by itself. */
const RESTING: ReadonlySet<OperationPhase> = new Set(["Accepted", "Pausing", "Paused"]);

/** What is written of a decision; a place is taken by writing the phase that holds one. */
function toRecord({ admission: limits = defaultAdmission }: RoundDeps, { read, decision, wasClean }: Deciding): RoundRecord {
  const { operation, ...decided } = decision;
  const { operation: before, faults } = read;
  // Whoever begins or goes on has all tries.
  const goesOn = before !== undefined && operation !== undefined && RESTING.has(before.phase) && !RESTING.has(operation.phase);
  const rest = { ...decided, ...(faults !== undefined && (wasClean || goesOn) ? { clearsFaults: true } : {}) };
  if (operation === undefined) return rest;
  const isTaken = before !== undefined && takesSlot(before, operation);
  return { ...rest, operation, ...(isTaken ? { takesPlace: limits } : {}) };
}

type Acting = {
  readonly access: ClusterAccess;
  readonly seen: Look;
  readonly decision: Decision;
  readonly held: HeldLease;
  readonly memory: RoundMemory;
  readonly read: ClusterRound;
};

/** The next try of what failed, after a pause that grows with each. */
function retryOf({ chance = Math.random }: RoundDeps, { memory, message }: { memory: RoundMemory; message: string }) {
  memory.tries += 1;
  return { message: message.slice(0, MESSAGE_MAX), retryInMs: retryPauseMs(memory.tries, chance()) };
}

/** Does what was decided and recorded, unless the cluster turns out to be somebody else's. */
async function act(deps: RoundDeps, acting: Acting): Promise<boolean> {
  const { access, seen, decision, held, memory, read } = acting;
  const { now } = read;
  const { clusterId, token } = held.lease;
  memory.backoff ??= new SubjectBackoff(() => deps.timers.monotonicNow(), deps.chance ?? Math.random);
  const context = { access, logger: deps.logger.child({ clusterId }), mayAct: () => held.isHeld(), backoff: memory.backoff };
  const turn = decision.intents.length === 0 ? "Ours" : await takeTurn(deps, context, acting);
  if (turn !== "Ours") return turn === "NotNow";
  memory.applied = await applyIntents(context, decision.intents);
  const { fault, birthTaint } = memory.applied;
  if (decision.intents.some(({ kind }) => kind === "ApplyBirthTaint" || kind === "RemoveBirthTaint"))
    memory.birthTaint = birthTaint && { at: now, state: birthTaint };
  memory.wasClean = fault === undefined && memory.backoff.isEmpty;
  if (fault !== undefined)
    await deps.store.rounds.fault(clusterId, token, { kind: "Intent", ...retryOf(deps, { memory, message: fault }) });
  const policy = seen.managedPolicy && decision.status.policy;
  const news = recordedNews({ policy, policyUid: seen.managedPolicy?.uid, nodes: decision.nodes, warnings: decision.status.warnings }, now);
  memory.told = await tellNews({ ...context, workerId: deps.workerId }, news, { told: memory.told, now });
  return true;
}

function azureQuestion({ cluster, operation, questions, now }: ClusterRound): AzureQuestion {
  return { cluster, operation, wantsRights: wantsPreflight(operation) || questions.length > 0, now };
}

/** Asks Azure what was recorded, while the cluster is still this worker's. */
async function actInAzure(deps: RoundDeps, { read, decision, held, memory }: Omit<Acting, "access" | "seen">): Promise<boolean> {
  const { operation, azure: intent } = decision;
  if (deps.azure === undefined || operation === undefined || intent === undefined) return true;
  if (!held.isHeld()) return false;
  const logger = deps.logger.child({ clusterId: read.cluster.id });
  const asking = { pool: deps.azure, store: deps.store, logger, memory: memory.azure };
  await askAzure(asking, intent, { cluster: read.cluster, operation, now: read.now });
  return true;
}

/** The Lease among what is held back after a failure; like all others it is forgotten once it succeeds. */
const LEASE = "Lease";

/**
 * The cluster's own Lease, which holds also where the store's cannot be heard of: a machine that was suspended, a store that was restored. `NotNow`: it is
 * ours as far as anybody knows, and was not written; it is tried again after a pause that grows, and what is no passing trouble counts as a try in vain.
 */
async function takeTurn(deps: RoundDeps, { access, logger, backoff }: ApplyContext, acting: Acting): Promise<"Ours" | "Lost" | "NotNow"> {
  const { seen, held, memory } = acting;
  const { clusterId, token } = held.lease;
  if (!backoff.mayTry(LEASE)) return "NotNow";
  memory.fence = undefined;
  try {
    const taken = await takeFence(access, seen.fence, { holder: deps.workerId, token });
    backoff.succeeded(LEASE);
    if (taken.kind === "Lost") return "Lost";
    memory.fence = taken.lease && { token, fence: { kind: "Held", lease: taken.lease } };
    return "Ours";
  } catch (error) {
    backoff.failed(LEASE);
    const message = `Lease rollout-worker could not be written: ${explain(error)}`;
    logger.warn({ problem: message }, "nothing is written without the cluster's Lease, will try again");
    if (!isPassing(error)) await deps.store.rounds.fault(clusterId, token, { kind: "Intent", ...retryOf(deps, { memory, message }) });
    return "NotNow";
  }
}

/** Begins the operation that a decision asked for, unless something else has begun since. The next round takes it up. */
async function beginUpgrade({ store, logger, newId }: RoundDeps, clusterId: ClusterId): Promise<void> {
  const operationId = as<OperationId>(newId());
  const begun = await store.clusters.change(clusterId, (locked) =>
    locked === undefined || locked.active !== undefined || locked.cluster.desiredMode !== "BpfVeth"
      ? { result: false }
      : { change: upgradeChange(locked, { operationId, tenantId: "", objectId: "" }), result: true },
  );
  if (begun) logger.info({ clusterId, operationId }, "a newer bundle is rolled out");
}

/**
 * One round over one cluster: lease → observe → decide → record → apply. Takes no input but the cluster's id, may run at any time and be
 * killed at any point: what was recorded is done by whoever comes next, what was not recorded was not done.
 */
export async function clusterRound(deps: RoundDeps, clusterId: ClusterId, memory: RoundMemory): Promise<RoundEnd> {
  const durationMs = await leaseDuration(deps, clusterId, memory);
  const held = await holdLease({
    leases: deps.store.leases,
    clusterId,
    holder: deps.workerId,
    durationMs,
    timers: deps.timers,
  });
  memory.lease = held?.lease;
  if (held === undefined) return { kind: "Yielded", lookAgainInMs: durationMs / 2 };
  try {
    return await heldRound(deps, held, memory);
  } catch (error) {
    const retry = retryOf(deps, { memory, message: explain(error) });
    // Where the store is away nobody can count; then it is the store that is waited for, and no step that is wrong.
    await deps.store.rounds.fault(clusterId, held.lease.token, { kind: "Round", ...retry }).catch(() => undefined);
    throw error;
  } finally {
    held.stop();
  }
}

async function heldRound(deps: RoundDeps, held: HeldLease, memory: RoundMemory): Promise<RoundEnd> {
  const { clusterId, token } = held.lease;
  const stored = await deps.store.rounds.read(clusterId);
  if (stored === undefined) return { kind: "Unknown" };
  const read = asSeenByEngine(stored);
  memory.tries = read.faults?.tries ?? 0;
  const { wasClean } = memory;
  memory.wasClean = false;
  const policy: RolloutPolicy = { ...productionPolicy, ...read.rolloutPolicy };
  memory.leaseMs = policy.leaseMs;
  const azure = read.cluster.driver === "aks-arm" ? await lookAtAzure(deps.azure, azureQuestion(read), memory.azure) : undefined;
  const seen = await look(deps, { read, lease: held.lease, policy, memory, azure });
  const lookAgainMs = assessRound({ store: deps.store, logger: deps.logger, memory: memory.assessment }, read, {
    ...seen,
    ...{ bundle: deps.bundle, azure: azure?.facts },
  });
  const admission = await askAdmission(deps, read.operation);
  const { evictionRefusals } = memory.applied;
  const snapshot = roundSnapshot({
    ...{ read, admission, lease: held.lease, seen, policy, bundle: deps.bundle, evictionRefusals, azure: azure?.look },
    isExhausted: read.faults !== undefined && isExhausted(deps, read.faults),
  });
  const decision = decide(snapshot, read.now);
  const outcome = await deps.store.rounds.record(
    clusterId,
    token,
    withProvidersOperation(stored, toRecord(deps, { read, decision, wasClean })),
  );
  if (outcome !== "Recorded") return { kind: "Yielded", lookAgainInMs: OVERTAKEN_MS };
  if (decision.beginsUpgrade) await beginUpgrade(deps, clusterId);
  deps.metrics.decided(clusterId, decision);
  if (decision.azure !== undefined && !(await actInAzure(deps, { read, decision, held, memory })))
    return { kind: "Yielded", lookAgainInMs: OVERTAKEN_MS };
  const isDone = seen.access === undefined || (await act(deps, { access: seen.access, seen, decision, held, memory, read }));
  if (!isDone) return { kind: "Yielded", lookAgainInMs: OVERTAKEN_MS };
  if (decision.operation !== undefined) {
    const asking = { ask: deps.askWebhook, store: deps.store, logger: deps.logger.child({ clusterId }), memory: memory.webhook };
    void askGate(asking, decision.operation, { policy, now: read.now });
  }
  for (const entry of decision.history) deps.logger.info({ clusterId, ...entry.data }, entry.kind);
  const isActive = decision.operation !== undefined || read.cluster.desiredMode === "BpfVeth";
  const heldBackMs = Math.min(HELD_BACK_LOOK_MAX_MS, memory.backoff?.nextInMs() ?? 0);
  const lookAgainInMs = Math.min(lookAgainMs, Math.max(decision.lookAgainInMs, heldBackMs));
  return { kind: "Done", lookAgainInMs, access: seen.access, isActive };
}
