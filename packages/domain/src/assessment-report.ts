import type { AccelerationMode, Driver } from "./managed-cluster.ts";
import type { RolloutPolicy } from "./rollout-policy.ts";

/**
 * What one preflight rule answers. Words as on the wire. `remedy`: what can be done, also about an answer that is missing. `needsAgent`: only the bundle's
 * agents can tell, and none has yet.
 */
export type RuleAnswer = {
  readonly id: string;
  readonly title: string;
  readonly severity: "Block" | "Warn" | "Info";
  readonly outcome: "Passed" | "Failed" | "Overridden" | "Unknown" | "Skipped";
  readonly message: string;
  readonly subjects: readonly string[];
  readonly evidence: string;
  readonly remedy: string;
  /** Where the rule is described, from the root of the documentation. */
  readonly docs: string;
  readonly needsAgent: boolean;
  /** `expiresAt`: ISO 8601, UTC. */
  readonly override?: { readonly reason: string; readonly expiresAt: string };
};

/** What an operation would be told: `Passed`, `Blocked` by rules that fail, or `Unknown` where a rule that blocks cannot tell. */
export type PreflightSummary = "Passed" | "Blocked" | "Unknown";

/** What the rules come to under one ruleset. `blocking`: ids of rules that block under it, failed or unknown. */
export type RulesetAnswer = {
  readonly ruleset: RolloutPolicy["ruleset"];
  readonly isSelected: boolean;
  readonly verdict: PreflightSummary;
  readonly blocking: readonly string[];
};

/** Nodes that are switched together. `startsAfterMs`: from the operation's begin, in the best case. `atOnce`: most that are in flight together. */
export type ForecastBatch = {
  readonly name: string;
  /** In the order in which they are started. */
  readonly nodes: readonly string[];
  readonly atOnce: number;
  readonly startsAfterMs: number;
};

/** An object of the cluster that would be written or removed. `names`: all objects that are changed in the same way. */
export type ForecastChange = {
  readonly action: "Create" | "Update" | "Delete";
  readonly apiVersion: string;
  readonly kind: string;
  readonly names: readonly string[];
  readonly namespace?: string;
  /** What it is afterwards: the object, or the patch of one that is not ours, in which `null` removes. Absent where it is removed. */
  readonly content?: unknown;
  /** What stands on it only while its node is worked on. */
  readonly whileItRuns?: unknown;
};

/** Something that would hold the operation or a node of it. `until`: ISO 8601, UTC. */
export type ForecastHold = {
  readonly reason: string;
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
  readonly until?: string;
};

/** Whether nodes fit into the maintenance windows that count. Times ISO 8601, UTC. */
export type WindowForecast = {
  readonly mode: RolloutPolicy["maintenance"];
  /** The configuration that counts; absent where none does. */
  readonly configuration?: string;
  /** The next of them, at most five. */
  readonly next: readonly { readonly start: string; readonly end: string }[];
  /** How long one node may take at worst, and the longest opening within two years; absent where no configuration counts. */
  readonly longestNodeMs: number;
  readonly longestWindowMs?: number;
  readonly fits: boolean;
};

/** What a change of mode would do, as the engine itself decides it over a simulated cluster that is as the real one was seen. */
export type Forecast = {
  /** How the simulated operation ends: `Held` when nothing moves any more, `Truncated` when it was not followed to its end. */
  readonly outcome: "NothingToDo" | "Succeeded" | "Failed" | "Paused" | "Held" | "Truncated";
  /** Why, unless it succeeds. */
  readonly because?: string;
  readonly batches: readonly ForecastBatch[];
  /** Nodes that would not be where the operation wants them, and why. */
  readonly leftOut: readonly { readonly node: string; readonly reason: string }[];
  readonly duration: {
    /** Nothing has to be waited for but what the policy says. Absent where it does not end. */
    readonly bestMs?: number;
    /** Every step of every node takes until its limit. Absent where a step has none, or the operation does not end. */
    readonly worstMs?: number;
    /** The worst is longer than `operationTimeoutMs`: the operation would fail by it. */
    readonly mayTimeOut: boolean;
    /** When it ends at the earliest if it begins now, with windows and scheduled starts; ISO 8601, UTC. */
    readonly endsAtEarliest?: string;
    readonly assumptions: readonly string[];
  };
  readonly windows: WindowForecast;
  readonly holds: readonly ForecastHold[];
  /** Connections older than 30 s on nodes that are switched, at most; `unknownNodes` are not in it. Absent when no node could be counted. */
  readonly disruption: { readonly nodes: number; readonly unknownNodes: number; readonly expectedAtMost?: number };
  /** Budgets that let none of their pods leave. `because`: why nobody knows, or nobody asks. */
  readonly blockedBudgets: { readonly names: readonly string[]; readonly because?: string };
  /** What the agents ask for on all nodes, and what pods that leave need at once. `because`: why the latter is not known, or not needed. */
  readonly capacity: {
    readonly agentCpuMilli: number;
    readonly agentMemoryBytes: number;
    readonly leaving?: CapacityAmount;
    readonly free?: CapacityAmount;
    readonly because?: string;
  };
  readonly changes: readonly ForecastChange[];
  /** Node-hours per day, once all are switched. `cost` where the installation has a price. */
  readonly usage: {
    readonly nodes: number;
    readonly nodeHoursPerDay: number;
    readonly costPerDay?: { readonly amount: number; readonly currency: string };
  };
};

/** Processor in thousandths, memory in bytes. */
export type CapacityAmount = { readonly cpuMilli: number; readonly memoryBytes: number };

/** What `validate` answers, and with `forecast` what `whatIf` does. JSON as it goes on the wire. */
export type AssessmentReport = {
  readonly kind: "Validate" | "WhatIf";
  readonly mode: AccelerationMode;
  readonly driver: Driver;
  /** When the cluster was looked at, ISO 8601, UTC. */
  readonly observedAt: string;
  readonly nodeCount: number;
  /** Nodes whose agent has reported. */
  readonly reportingNodes: number;
  readonly verdict: PreflightSummary;
  readonly rulesets: readonly RulesetAnswer[];
  readonly rules: readonly RuleAnswer[];
  readonly forecast?: Forecast;
};
