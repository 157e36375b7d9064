import type { AnalysedNode } from "./analysis.ts";
import type { ClusterId, Instant, NodeUid, OperationId } from "./brand.ts";
import type { AccelerationMode, ManagedCluster } from "./managed-cluster.ts";
import type { RolloutGate } from "./rollout-gate.ts";

/** What an accepted request makes of the cluster. */
export type OperationKind =
  | "EnableHostRouting"
  | "DisableHostRouting"
  | "RollbackHostRouting"
  | "UpgradeBundle"
  | "CreateManagedCluster"
  | "UpdateAgentPools"
  | "DeleteManagedCluster";

/**
 * How far an operation is. `Succeeded`, `Failed` and `Canceled` are terminal (ARM RPC) and never change.
 *
 * Accepted → Validating → Preparing → Rolling → Finishing → Succeeded; Validating and Preparing → Failed (preflight);
 * Rolling → Failed; any of these → Canceling → Canceled (the user's cancel, or a request that reverses the mode), and any of these →
 * Pausing → Paused → the same again (a pause, by people or because nodes failed; it lasts until somebody resumes).
 * Accepted → Succeeded: the provider of the nodes did all of it. Rolling, Finishing → Validating: the cluster was upgraded meanwhile, so preflight is asked again.
 * Preparing, Rolling, Finishing → RollingBack → Failed: nodes failed, and the policy asks to take back what was switched.
 */
export type OperationPhase = WorkingPhase | "Pausing" | "Paused" | "Canceling" | "RollingBack" | "Succeeded" | "Failed" | "Canceled";

/** The phases in which an operation goes on by itself; a pause remembers which it was. */
export type WorkingPhase = "Accepted" | "Validating" | "Preparing" | "Rolling" | "Finishing";

/** The legal moves; a phase that is missing on the right is never reached from the left. */
export const operationMoves: Readonly<Record<OperationPhase, readonly OperationPhase[]>> = {
  Accepted: ["Validating", "Pausing", "Canceling", "Succeeded", "Canceled", "Failed"],
  Validating: ["Preparing", "Pausing", "Failed", "Canceling", "Canceled"],
  Preparing: ["Rolling", "RollingBack", "Pausing", "Failed", "Canceling", "Canceled"],
  Rolling: ["Finishing", "Validating", "RollingBack", "Pausing", "Failed", "Canceling", "Canceled"],
  Finishing: ["Succeeded", "Validating", "RollingBack", "Pausing", "Failed", "Canceling", "Canceled"],
  Pausing: ["Paused", "Accepted", "Validating", "Preparing", "Rolling", "Finishing", "Canceling", "Canceled"],
  Paused: ["Accepted", "Validating", "Preparing", "Rolling", "Finishing", "Canceling", "Canceled"],
  Canceling: ["Canceled", "Failed"],
  RollingBack: ["Failed", "Canceled"],
  Succeeded: [],
  Failed: [],
  Canceled: [],
};

/** Whether nothing more will happen to an operation in this phase. */
export function isTerminal(phase: OperationPhase): phase is "Succeeded" | "Failed" | "Canceled" {
  return operationMoves[phase].length === 0;
}

/** What people may ask of an operation that is under way. */
export type OperationVerb = "pause" | "resume" | "cancel" | "retry" | "skip" | "approve" | "reject" | "rollback" | "acknowledge";

/** Only where nodes are switched on: none fails to let go, one that were left out would stay on, "off" waits for nobody, and is what a rollback comes to. */
const ENABLING_VERBS: ReadonlySet<OperationVerb> = new Set(["retry", "skip", "approve", "reject", "rollback", "acknowledge"]);

/** What may be asked for in each phase. Every verb may be repeated as long as its phase lasts: the second changes nothing. */
export const operationVerbs: Readonly<Record<OperationPhase, readonly OperationVerb[]>> = {
  Accepted: ["pause", "cancel", "skip"],
  Validating: ["pause", "cancel", "skip", "approve", "reject"],
  Preparing: ["pause", "cancel", "skip", "acknowledge"],
  Rolling: ["pause", "cancel", "retry", "skip", "approve", "reject"],
  Finishing: ["pause", "cancel", "retry", "skip", "approve", "reject", "rollback"],
  Pausing: ["pause", "resume", "cancel", "retry", "skip"],
  Paused: ["pause", "resume", "cancel", "retry", "skip", "rollback"],
  Canceling: ["cancel"],
  RollingBack: ["cancel"],
  Succeeded: [],
  Failed: [],
  Canceled: [],
};

/** What may be asked of this operation now. One that winds down because it failed can be asked for nothing but its end, which comes anyway. Pure. */
export function allowedVerbs(
  operation: Pick<Operation, "phase" | "error" | "cancelRequested" | "mode"> & Partial<Pick<Operation, "control">>,
): readonly OperationVerb[] {
  const isWindingDown = operation.error !== undefined || operation.cancelRequested;
  const isProviders = operation.control?.provision === "Alone";
  return operationVerbs[operation.phase].filter(
    (verb) => verb === "cancel" || (!isProviders && !isWindingDown && (operation.mode === "BpfVeth" || !ENABLING_VERBS.has(verb))),
  );
}

/** What somebody asked for of nodes. `Retry` without a node is about all that failed; `reason` is somebody's own text. */
export type NodeRequest =
  | { readonly kind: "Retry"; readonly node: string | undefined }
  | { readonly kind: "Skip"; readonly node: string; readonly reason: string; readonly by: string };

/**
 * Why an operation is held: somebody asked, more nodes failed than the policy tolerates, nothing advanced any more, the same step failed again
 * and again, or an analysis could not tell. `by`:
 * their object id, "" for the engine.
 */
export type OperationPause = {
  readonly reason: "Asked" | "NodeFailures" | "ProgressDeadline" | "StepExhausted" | "AnalysisInconclusive" | "AnalysisError";
  readonly message: string;
  readonly by: string;
};

/** What somebody answered to a gate that waited for approval. `by`: their object id; `comment` is their own text. */
export type GateAnswer = { readonly gate: string; readonly by: string; readonly comment: string };

/**
 * A gate that holds an operation, or whatever else it waits for while its clocks stand: a maintenance window, an upgrade of the cluster, somebody's word that connections may break,
 * its place after a rest. `since` is when it began to, from which a gate's time-out counts.
 */
export type PendingGate = {
  readonly gate: string;
  readonly kind: RolloutGate["kind"] | "MaintenanceWindow" | "ClusterUpgrade" | "Acknowledgement" | "AdmissionQueue";
  readonly since: Instant;
  readonly twoPersons: boolean;
};

/** Since when an operation has held no place, and whether it could go on again and asks for one. */
export type OperationRest = { readonly since: Instant; readonly isOver: boolean };

/** A bundle: its image, and the digest of what is in it. */
export type Bundle = { readonly image: string; readonly digest: string };

/**
 * How far Azure is with the change that an operation asks it for (driver `aks-arm`). `Putting`: recorded before the request is sent, so that whether it was
 * is for Azure to say; `Following`: Azure does it; `Ended`: it is over, with an error where it failed.
 *
 * Putting → Following → Ended; Putting → (gone) when somebody changed the cluster meanwhile; Putting → Ended when Azure refuses.
 */
export type AzureChange = {
  readonly step: "Putting" | "Following" | "Ended";
  /** The version over which the mode is put: over another one Azure refuses it. */
  readonly etag: string;
  readonly since: Instant;
  /** Path of Azure's own operation; absent while Azure has not named one, and when whoever sent the request died before it noted it. */
  readonly operation?: string | undefined;
  /** Why Azure did not take the request for now, and when it is sent again. */
  readonly held?: { readonly reason: "AzureBusy" | "AzureThrottled"; readonly message: string; readonly until: Instant } | undefined;
  /** Azure was at it already when it was looked at, so nobody knows whose it is. */
  readonly isFound?: true | undefined;
  /** When Azure was asked last to abort it; absent until somebody canceled. */
  readonly abortedAt?: Instant | undefined;
  readonly error?: OperationError | undefined;
};

/** What holds an operation, and what is remembered of it. Requests and rounds both write it, each over the version that it read. */
export type OperationControl = {
  /** Absent as soon as somebody asked to go on. */
  readonly pause?: OperationPause | undefined;
  /** Where a held operation goes on, and since when it is held; there in `Pausing` and `Paused`. */
  readonly held?: { readonly from: WorkingPhase; readonly since: Instant } | undefined;
  /** When it went on after the last pause; deadlines begin anew there. */
  readonly resumedAt?: Instant | undefined;
  /** When preflight passed last, right before nodes were started; one that is older than half an hour is asked again after a pause. */
  readonly preflightAt?: Instant | undefined;
  /** The cluster was upgraded since preflight passed: it is asked again before further nodes are started. */
  readonly upgradeSeen?: boolean | undefined;
  /** For how long people held it until then, by pauses and gates: that time does not count as its own. */
  readonly waitedMs?: number | undefined;
  /** Nodes that had failed or were blocked when somebody resumed: known, so no reason to pause again. */
  readonly acceptedFailures?: readonly NodeUid[] | undefined;
  /** The gate that holds the operation now; no deadline runs meanwhile. Its id is that of the policy's gate, with `/batch-2` where it stands at a batch. */
  readonly pending?: PendingGate | undefined;
  /** There while it waits for people or time with nothing of it moving: it holds no place meanwhile. */
  readonly rest?: OperationRest | undefined;
  readonly approvals?: readonly GateAnswer[] | undefined;
  /** What the webhook of the gate that holds the operation answered last, where that was neither yes nor no; its own text, or why there was no answer. */
  readonly webhook?: { readonly gate: string; readonly said: string } | undefined;
  readonly rejection?: GateAnswer | undefined;
  /** Somebody accepted that so many connections may break. `by`: their object id. */
  readonly acknowledged?: { readonly connections: number; readonly by: string } | undefined;
  /** Why the engine cancels the operation itself: it was rejected, or nobody approved in time. */
  readonly cancelReason?: OperationError | undefined;
  /** Nodes whose analysis runs or has ended. */
  readonly analysis?: readonly AnalysedNode[] | undefined;
  /** Of an operation that replaces the bundle: the one that was there, and the one that nodes are brought to, whatever is offered meanwhile. */
  readonly bundles?: { readonly from: Bundle; readonly to: Bundle } | undefined;
  /**
   * What the provider of the nodes does for it: `Alone` all of it, so that it ends with that; `First` what must be there before the engine begins. Absent
   * where the provider has nothing to do, or has done it.
   */
  readonly provision?: "Alone" | "First" | undefined;
  /** What Azure does for it; absent until it is to be asked. */
  readonly azure?: AzureChange | undefined;
  /** What the next round takes up, at most 100. */
  readonly requests?: readonly NodeRequest[] | undefined;
};

/** An ARM error, as it stands in an operation that failed (`error.details` holds one entry per failed check). */
export type OperationError = {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly OperationError[];
  /** What programs may want to know of it: of a failed check its evidence, subjects, remedy and time. */
  readonly additionalInfo?: readonly { readonly type: string; readonly info: Readonly<Record<string, unknown>> }[];
};

/** The cluster that an operation is about, as it was when it began: it can be read when the cluster is gone. */
export type OperationResource = Pick<ManagedCluster, "subscriptionId" | "resourceGroup" | "name" | "location">;

/** One request's way through a cluster. */
export type Operation = {
  readonly id: OperationId;
  readonly clusterId: ClusterId;
  readonly kind: OperationKind;
  readonly mode: AccelerationMode;
  /** The cluster's generation that this operation brings about. */
  readonly generation: number;
  readonly phase: OperationPhase;
  /** 0–100, never falling within one operation. */
  readonly percentComplete: number;
  readonly error: OperationError | undefined;
  /** Set when somebody asked to cancel; the engine winds down and ends it. */
  readonly cancelRequested: boolean;
  readonly control: OperationControl;
  /** Grows with every request that changes `control`. */
  readonly revision: number;
  readonly startedAt: Instant;
  readonly endedAt: Instant | undefined;
  /** Who asked; status documents are shown to the same tenant only. */
  readonly tenantId: string;
  readonly objectId: string;
};
