import type { Instant } from "./brand.ts";

/** Every reason for which nothing moves. Shown to operators as it is; each has a remedy in `packages/rollout`, and a scenario. */
export const waitReasons = [
  "ClusterUnreachable",
  "ClusterStateUnknown",
  "LeaseHeldElsewhere",
  "AdmissionQueue",
  "EmergencyOff",
  "ProviderNotReady",
  "Paused",
  "OperationEnded",
  "ApprovalPending",
  "ScheduledStart",
  "WebhookPending",
  "MaintenanceWindowClosed",
  "NodeDisruptionBlocked",
  "ClusterUpgrading",
  "BundleInstalling",
  "AgentNotReporting",
  "NodeNotReady",
  "NodeUnhealthy",
  "PreflightBlocked",
  "OverrideEnded",
  "DisruptionBudgetFull",
  "Draining",
  "PodDisruptionBudget",
  "ConnectionsDraining",
  "DisruptionNotAcknowledged",
  "Switching",
  "Verifying",
  "Confirming",
  "Soaking",
  "CanarySoaking",
  "BatchSoaking",
  "FinalSoaking",
  "AnalysisRunning",
  "AnalysisInconclusive",
  "AnalysisError",
  "Detaching",
  "RemovingBundle",
  "PolicyNotInPlace",
  "PolicyContested",
  "PolicyForeign",
  "PolicyUnsupported",
  "RemovingPolicy",
  "AzureUnknown",
  "AzureBusy",
  "AzureThrottled",
  "AzureChanging",
  "AzureReimaging",
  "PlatformRulesMissing",
  "PlatformRulesUnknown",
] as const;

/** One of them. */
export type WaitReason = (typeof waitReasons)[number];

/** Why nothing (or not everything) moves, for whom, since when, until when, and what a person can do. */
export type Wait = {
  readonly reason: WaitReason;
  /** What waits: a node's name, a pod, a gate, or "cluster". */
  readonly subject: string;
  readonly since: Instant;
  /** When it ends by itself at the latest; absent when only a change outside ends it. */
  readonly until: Instant | undefined;
  readonly message: string;
  readonly remedy: string;
};
