import type { PreflightOverride } from "./preflight-override.ts";
import type { PolicyMode } from "./managed-policy.ts";
import type { RolloutGate } from "./rollout-gate.ts";
import type { Share } from "./share.ts";

/**
 * How a cluster's nodes are switched. Durations carry their unit; the control plane refuses values outside the bounds named here.
 * Defaults are `productionPolicy`; a developer's lab runs `developmentPolicy`: the same checks, shorter waits.
 */
export type RolloutPolicy = {
  /** `SwitchInPlace` moves no pod; `DrainAndSwitch` cordons the node and evicts its pods first. */
  readonly nodeAction: "SwitchInPlace" | "DrainAndSwitch";
  /** Nodes that may be between claim and confirmation at once, 1–500 or 1–50 % of those that are eligible, rounded down, at least one. */
  readonly maxUnavailable: Share;
  /** Nodes that may be blocked (not drainable, or not Ready for long) before no more are started, 0–500 or 0–100 %, rounded up. */
  readonly maxBlockedNodes: Share;
  /** Nodes that may fail before no more are started, 0–500 or 0–100 %, rounded up. */
  readonly maxFailedNodes: Share;
  /** How many of the nodes that an operation reached must be enabled in the end, 0–100 %; fewer, and it has failed within all tolerances. */
  readonly minSuccessPercent: number;
  /**
   * What becomes of a node that fails; it is taken back to the stack in any case. `RevertNode`: tried again, and given back when its attempts
   * are used up. `Hold`: not tried again, and kept cordoned if it was drained, for somebody to look at.
   */
  readonly onNodeFailure: "RevertNode" | "Hold";
  /**
   * What becomes of an operation in which too many nodes fail or are blocked: it waits for somebody to look, it fails, or it takes back what it
   * has switched and fails then.
   */
  readonly onFailure: "Pause" | "Fail" | "Rollback";
  /** Nodes of each kind (pool, image, kernel, architecture, image version) that are switched before all others, 0–100. */
  readonly canaryPerStratum: number;
  /** How long the canaries must have been enabled before the first batch, 0–86,400,000 ms. */
  readonly canarySoakMs: number;
  /** Sizes of the batches after the canaries, 1–500 or 1–100 % of the eligible nodes, rounded up; at most 20. What is left then is the last batch. */
  readonly batchPlan: readonly Share[];
  /** How long a batch must have been enabled before the next one, 0–86,400,000 ms. */
  readonly batchSoakMs: number;
  /** How long all nodes must have been enabled before the operation succeeds, 0–604,800,000 ms. */
  readonly finalSoakMs: number;
  /** How long a switched node must stay well before it counts as enabled, 0–1,800,000 ms. */
  readonly nodeSoakMs: number;
  /** How long eviction may take on one node, 1,000–86,400,000 ms. */
  readonly drainTimeoutMs: number;
  /**
   * How long a drained node's connections are waited for, 0–3,600,000 ms from when its last pod left, within `drainTimeoutMs`. Then it is switched
   * all the same: the switch keeps connections.
   */
  readonly drainConnectionIdleMs: number;
  /** Connections older than 30 s that a drained node may have left, 0–1,000,000. */
  readonly drainConnectionsMax: number;
  /** Whether an operation that switches nodes on waits until somebody acknowledges how many connections it may break. */
  readonly disruptionAcknowledgement: "NotRequired" | "Required";
  /** What becomes of a node whose pods cannot be evicted in time. `Schedule`: uncordoned, left as it was. `Cordon`: kept cordoned. `Fail`: the operation fails. */
  readonly undrainableNodeBehavior: "Schedule" | "Cordon" | "Fail";
  /** How long the kernel keeps a switch that nobody confirmed, 1–3600 s. */
  readonly confirmSeconds: number;
  /** Observations that must agree before a switch is confirmed, and how far apart they must be. */
  readonly verifyCount: number;
  readonly verifyIntervalMs: number;
  /** Limits of single steps; a node past one of them is tried again, then failed. */
  readonly installTimeoutMs: number;
  readonly switchTimeoutMs: number;
  /** Attempts at one node before it counts as failed. */
  readonly attemptsMax: number;
  /** Lease of the worker over the cluster. */
  readonly leaseMs: number;
  /** How long nothing may advance beyond what one node may take within these limits (`nodeBudgetMs`), 60,000–604,800,000 ms. `onFailure` says what becomes of it then. */
  readonly progressDeadlineMs: number;
  /** How long an operation may take as a whole, without pauses and gates, before it fails, 60,000–604,800,000 ms. */
  readonly operationTimeoutMs: number;
  /** How long host routing may be on for a part of the nodes, with no operation under way, before there is a warning, 0–604,800,000 ms. */
  readonly hybridGraceMs: number;
  /** Compatibility rules that apply. */
  readonly ruleset: "seed-2024" | "ga-2026";
  /** Rules that may fail for a while, each with its reason; at most 20, one for a rule, up to 90 days ahead. */
  readonly preflightOverrides: readonly PreflightOverride[];
  /** What holds an operation that switches nodes on until somebody approves, or until a time; at most 10. */
  readonly gates: readonly RolloutGate[];
  /** How long an operation waits for an approval before it is canceled, 60,000–1,209,600,000 ms. It never counts as one. */
  readonly approvalTimeoutMs: number;
  /**
   * Whether nodes are started in the cluster's maintenance windows only. `Honor`: where there are windows for nodes. `Require`: and a cluster
   * without any waits. `Ignore`: at any time, unless the cluster's own node disruption policy allows disruptions in windows only.
   */
  readonly maintenance: "Honor" | "Ignore" | "Require";
  /** How much longer a window must be open for a node to be started, 0–1,440 min. */
  readonly minRemainingMinutes: number;
  /**
   * Whether canary nodes are compared with nodes that are not switched. `Enforce`: the canaries' stage goes on only when all are through, and nodes that
   * do worse fail. `Report`: it is measured and shown, and holds nothing. `Off`.
   */
  readonly analysisMode: "Enforce" | "Report" | "Off";
  /** How long a switched node is left alone before it is looked at first, 0–3,600,000 ms, and how far apart measurements are, 1,000–3,600,000 ms. */
  readonly analysisInitialDelayMs: number;
  readonly analysisIntervalMs: number;
  /** Measurements of each node, 1–100. */
  readonly analysisCount: number;
  /** How many of a metric's measurements may fail, may say nothing, or may be impossible in a row, each 0–100. */
  readonly analysisFailureLimit: number;
  readonly analysisInconclusiveLimit: number;
  readonly analysisConsecutiveErrorLimit: number;
  /** After how long pods are let onto a node that joined though host routing is not on there, 0–1,440 min; 0 is never. */
  readonly taintFailOpenMinutes: number;
  /** Whether a newer bundle is rolled out by itself, or when somebody asks for it. */
  readonly bundleUpgrade: "Auto" | "Manual";
  /** What becomes of changes to the network policy that stands for the nodes' own rules. */
  readonly policyMode: PolicyMode;
};

const MINUTE_MS = 60_000;

/** What a cluster gets that says nothing. */
export const productionPolicy: RolloutPolicy = {
  nodeAction: "SwitchInPlace",
  maxUnavailable: "10%",
  maxBlockedNodes: "10%",
  maxFailedNodes: 0,
  minSuccessPercent: 100,
  onNodeFailure: "RevertNode",
  onFailure: "Pause",
  canaryPerStratum: 1,
  canarySoakMs: 15 * MINUTE_MS,
  batchPlan: [1, "5%", "10%", "25%"],
  batchSoakMs: 5 * MINUTE_MS,
  finalSoakMs: 30 * MINUTE_MS,
  nodeSoakMs: MINUTE_MS,
  drainTimeoutMs: 30 * MINUTE_MS,
  drainConnectionIdleMs: 30_000,
  drainConnectionsMax: 0,
  disruptionAcknowledgement: "NotRequired",
  undrainableNodeBehavior: "Schedule",
  confirmSeconds: 300,
  verifyCount: 2,
  verifyIntervalMs: 10_000,
  installTimeoutMs: 10 * MINUTE_MS,
  switchTimeoutMs: 90_000,
  attemptsMax: 3,
  leaseMs: MINUTE_MS,
  progressDeadlineMs: 30 * MINUTE_MS,
  operationTimeoutMs: 24 * 60 * MINUTE_MS,
  hybridGraceMs: 60 * MINUTE_MS,
  ruleset: "ga-2026",
  preflightOverrides: [],
  gates: [],
  approvalTimeoutMs: 72 * 60 * MINUTE_MS,
  maintenance: "Honor",
  minRemainingMinutes: 30,
  analysisMode: "Enforce",
  analysisInitialDelayMs: 30_000,
  analysisIntervalMs: 30_000,
  analysisCount: 6,
  analysisFailureLimit: 1,
  analysisInconclusiveLimit: 3,
  analysisConsecutiveErrorLimit: 4,
  taintFailOpenMinutes: 0,
  bundleUpgrade: "Auto",
  policyMode: "Correct",
};

/** Production's checks with a lab's patience: nothing is switched off, waits are shorter, and a failure ends instead of waiting for somebody. */
export const developmentPolicy: RolloutPolicy = {
  ...productionPolicy,
  onFailure: "Fail",
  canarySoakMs: 2_000,
  batchSoakMs: 500,
  finalSoakMs: 1_000,
  nodeSoakMs: 2_000,
  drainTimeoutMs: 2 * MINUTE_MS,
  drainConnectionIdleMs: 5_000,
  confirmSeconds: 30,
  verifyIntervalMs: 1_000,
  installTimeoutMs: 2 * MINUTE_MS,
  switchTimeoutMs: 30_000,
  leaseMs: 10_000,
  progressDeadlineMs: 5 * MINUTE_MS,
  // The nodes of a lab share one machine, whose figures say little about one of them.
  analysisMode: "Report",
  analysisInitialDelayMs: 0,
  analysisIntervalMs: 5_000,
  analysisCount: 2,
};

/** What one node may take at most by the policy's limits for its steps. Pure. */
export function nodeBudgetMs(policy: RolloutPolicy): number {
  const drainMs = policy.nodeAction === "DrainAndSwitch" ? policy.drainTimeoutMs : 0;
  return drainMs + policy.installTimeoutMs + LIMITED_STEPS * policy.switchTimeoutMs + policy.nodeSoakMs;
}

/** Switch, verification and confirmation have a limit each. */
const LIMITED_STEPS = 3;
