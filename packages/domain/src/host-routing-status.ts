import type { AnalysisStatus } from "./analysis.ts";
import type { Instant } from "./brand.ts";
import type { AccelerationMode } from "./managed-cluster.ts";
import type { ManagedPolicyStatus } from "./managed-policy.ts";
import type { Bundle } from "./operation.ts";
import type { ClusterDisruption, NodeDisruption } from "./switch-disruption.ts";
import type { PreflightAnswers } from "./preflight-answers.ts";
import type { Wait } from "./wait-reason.ts";

/** A condition of the cluster's host routing (shape of `metav1.Condition`; times ISO 8601, UTC). */
export type HostRoutingCondition = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
};

/** A pod's device that keeps the stack, and why (CamelCase). `pod`: `namespace/name`, where known. */
export type DeviceRefusal = { readonly device: string; readonly reason: string; readonly pod?: string };

/** What a node's packet filter rules came to. `digest` is the same as long as the same rules offend; `findings` counts them. */
export type NodeRules = { readonly state: "Clean" | "Dirty" | "Unknown"; readonly digest: string; readonly findings: number };

/**
 * A packet filter rule that host routing would pass by (Bypassed), that cannot be judged (Unknown), or a tool that said nothing of its rules
 * (Unread), with the nodes where it was found. Texts are visible ones (visibleText).
 */
export type RuleFinding = {
  readonly class: "Bypassed" | "Unknown" | "Unread";
  readonly reason: string;
  /** The tool that shows it. */
  readonly backend: string;
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
  /** Who probably writes it. */
  readonly owner: string | undefined;
  readonly remedy: string;
  /** The command on the node that removes exactly this; absent where none can be written safely. */
  readonly removal: string | undefined;
  /** The first of its nodes; `changedBy` is the process that changed the rule's place just before it was found. */
  readonly nodes: readonly { readonly name: string; readonly changedBy: string | undefined }[];
  readonly nodeCount: number;
};

/** One node as operators see it. `effectiveMode` is what its kernel showed last, `fastShare` redirected ÷ seen packets, 0–1. */
export type HostRoutingNodeStatus = {
  readonly name: string;
  readonly pool: string;
  readonly phase: string;
  readonly effectiveMode: "BpfVeth" | "Legacy" | "Unknown";
  readonly reason: string;
  readonly fastShare: number | undefined;
  readonly stackReasons: readonly { readonly reason: string; readonly packets: number }[];
  /** How many pods' devices keep the stack for a reason of their own; `refusals` names the first of them. */
  readonly refusedDevices: number;
  readonly refusals: readonly DeviceRefusal[];
  /** Absent for a node that is not switched by the operation, and was never. */
  readonly disruption?: NodeDisruption | undefined;
  /** Absent until its agent has scanned. */
  readonly rules: NodeRules | undefined;
  readonly observedAt: string | undefined;
};

/**
 * Something that does not block and that people should know: what preflight found and let pass, or what a rollout sees. `message`: what was seen;
 * `impact`: what that means, absent where the message says it; `subjects`: nodes, pools or members concerned. Records of before have no severity.
 */
export type HostRoutingWarning = {
  readonly id: string;
  readonly title: string;
  readonly severity?: "Critical" | "Warning" | "Information";
  readonly message: string;
  readonly impact?: string;
  /** How much is concerned, and of what: `5` `connections`. */
  readonly impactNumber?: number;
  readonly impactUnit?: "nodes" | "connections" | "flows" | "policies" | "rights";
  readonly remedy: string;
  /** When it is not shown though it holds. */
  readonly hiddenBy?: string;
  /** For how long it must hold before it is shown. */
  readonly mustLastSeconds?: number;
  /** Since when it has held, shown or not. */
  readonly firstSeen?: Instant;
  readonly subjects: readonly string[];
  /** What was read, when (ISO 8601, UTC), where the rule is described, and whether people may let it fail; of rules of preflight only. */
  readonly evidence?: string;
  readonly observedAt?: string;
  readonly docs?: string;
  readonly overridable?: boolean;
  /** The override under which the rule may fail, or that has ended. `reason` is visible text, `expiresAt` ISO 8601, UTC. */
  readonly override?: { readonly reason: string; readonly expiresAt: string };
};

/** What the worker saw and decided last; the control plane shows it and adds nothing. */
export type HostRoutingStatus = {
  readonly effectiveMode: AccelerationMode | "Mixed" | "Unknown";
  readonly state: "Disabled" | "Enabling" | "PartiallyEnabled" | "Enabled" | "Upgrading" | "Disabling";
  /** `Paused` as long as an operation is; the condition Degraded says whether all is well meanwhile. */
  readonly health: "Healthy" | "Degraded" | "Unknown" | "Paused";
  /**
   * Digests: of the bundle that nodes run or are brought to; of a newer one that is offered; and of one that was rolled back, so that it is not begun
   * with again by itself. `image`: the first one's, so that it can be brought back when somebody deletes it. `before`: the one before the last upgrade. `isKept`: what ended last without success was an upgrade, so that nodes which join
   * or boot are still switched on. Absent in records of before.
   */
  readonly bundle?: {
    readonly digest: string;
    readonly image?: string | undefined;
    readonly offered?: string | undefined;
    readonly heldBack?: string | undefined;
    readonly before?: Bundle | undefined;
    readonly isKept?: boolean | undefined;
  };
  readonly conditions: readonly HostRoutingCondition[];
  readonly nodeCounts: Readonly<Record<string, number>>;
  readonly waits: readonly Wait[];
  /** Of the last preflight that passed, of the rules that may be overridden and of switches; none of the rules' once host routing is off. */
  readonly warnings: readonly HostRoutingWarning[];
  /** Known answers of the preflight under way, so that whichever worker comes next still has them; not shown. Absent while none is. */
  readonly preflight?: PreflightAnswers;
  /** Since when each of those that are derived anew in each round has held, also if it is not shown yet; for the next round. */
  readonly warningsSince?: Readonly<Record<string, Instant>>;
  /** Of the operation under way, or else of the nodes' last switches; absent when there was none. */
  readonly disruption?: ClusterDisruption;
  /** Absent in records of before there was one. */
  readonly policy?: ManagedPolicyStatus;
  /** Of the last operation in which nodes were compared. */
  readonly analysis?: AnalysisStatus | undefined;
  readonly nodes: readonly HostRoutingNodeStatus[];
  /** Of all nodes whose agents report, those on most nodes first. */
  readonly findings: readonly RuleFinding[];
};

/** Something that happened to a cluster: `kind` is CamelCase, `data` small, without secrets. */
export type HistoryEntry = { readonly kind: string; readonly data: Readonly<Record<string, unknown>> };
