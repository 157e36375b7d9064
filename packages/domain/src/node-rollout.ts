import type { AnalysisSample } from "./analysis.ts";
import type { Instant, NodeName, NodeUid } from "./brand.ts";
import type { NodeNews } from "./node-news.ts";
import type { SwitchDisruption } from "./switch-disruption.ts";

/**
 * Where one node is in a rollout. While enabling:
 * Pending → (Cordoning → Draining →) Installing → Switching → Verifying → Confirming → Soaking → Enabled;
 * while disabling: Pending → Detaching → Disabled. Failed ends the attempts; Gone is a node that left.
 * Skipped: not eligible now (not ready, or not drainable under `Schedule`), looked at again in every round.
 */
export type NodePhase =
  | "Pending"
  | "Cordoning"
  | "Draining"
  | "Installing"
  | "Switching"
  | "Verifying"
  | "Confirming"
  | "Soaking"
  | "Enabled"
  | "Detaching"
  | "Disabled"
  | "Failed"
  | "Gone";

/** Whether a node's own rules deny what our network policy denies. */
export type PlatformRulesState = "Present" | "Missing" | "Unknown";

/**
 * Since when pods are kept off a node, and in which of its boots. `atBirth`: it was tainted when it was first seen, so that no pod has come to it.
 * `openedAt`: when the taint was given up although host routing is not on, as the policy asks for; absent while it was not.
 */
export type HeldBack = {
  readonly since: Instant;
  readonly bootId: string;
  readonly atBirth: boolean;
  readonly openedAt?: Instant | undefined;
};

/** What the engine remembers of one node within one operation; kept in the store, keyed by operation and node UID. */
export type NodeRollout = {
  readonly node: NodeName;
  readonly uid: NodeUid;
  readonly phase: NodePhase;
  readonly since: Instant;
  readonly attempt: number;
  /** `spec.generation` of the node's HostRoutingNode that this attempt wrote or will write. */
  readonly switchGeneration: number;
  /** Whether it was us who cordoned; decided and stored before the write, so that a crash cannot forget it. */
  readonly cordonedByUs: boolean;
  /** What the node's own rules were like when it was claimed: what was missing then needs not be there when host routing is switched off. */
  readonly platformRules?: PlatformRulesState | undefined;
  /** The newest report of its agent: the time that it bears, by the node's clock, and when it was first seen, by ours. Absent until one came. */
  readonly heard?: { readonly observedAtMs: number; readonly at: Instant } | undefined;
  /** Distinct agent observations in a row that agreed with what was asked for. */
  readonly verifiedCount: number;
  readonly lastVerifiedAt: Instant | undefined;
  /** The last order to switch that its agent has not said to be over: nobody may call it off in this boot until it does. Absent where there is none. */
  readonly ordered?: { readonly bootId: string; readonly generation: number } | undefined;
  /** The boot in which its switch was verified last; what is true of it ends with the boot. */
  readonly verifiedBoot?: string | undefined;
  /** Digest of the bundle with which it was verified last. */
  readonly verifiedBundle?: string | undefined;
  /** The boot that it was in when Azure was asked to reimage it; absent where Azure was not. */
  readonly bootBefore?: string | undefined;
  /** With which of the operation's stages it was started: 0 is the canaries', 1 the first batch's. Absent until it is, and where nobody counts. */
  readonly stage?: number | undefined;
  /** Somebody asked to leave it out of the operation; not started until there is another one, or they ask to try it. `reason` is their own text. */
  readonly skipped?: { readonly reason: string; readonly by: string } | undefined;
  /** Pods are kept off it by our taint until host routing is on; absent where they are not. */
  readonly heldBack?: HeldBack | undefined;
  /** CamelCase code of the last thing that went wrong, and a sentence. */
  readonly problem: { readonly reason: string; readonly message: string } | undefined;
  /** Since when no pod is left that must leave before the switch; absent while one is, and where none must. */
  readonly drainedAt?: Instant | undefined;
  /** What its last switch could disturb, and what it did; absent before the first. */
  readonly disruption?: SwitchDisruption | undefined;
  /** What its agent counted until it was started as a canary node; absent where it did not say. */
  readonly figuresBefore?: AnalysisSample | undefined;
  /** How often its agent was last asked to report, in seconds, and when; without seconds it was given its own pace back. */
  readonly paced?: { readonly seconds?: number; readonly at: Instant } | undefined;
  /** What there is to tell of it, of the last three quarters of an hour; absent when nothing. */
  readonly news?: readonly NodeNews[] | undefined;
};
