import type { ClusterId, Instant, OperationId } from "./brand.ts";
import type { AccelerationMode } from "./managed-cluster.ts";

/** What an accepted request makes of the cluster. */
export type OperationKind = "EnableHostRouting" | "DisableHostRouting";

/**
 * How far an operation is. `Succeeded`, `Failed` and `Canceled` are terminal (ARM RPC) and never change.
 *
 * Accepted → Validating → Preparing → Rolling → Finishing → Succeeded; Validating and Preparing → Failed (preflight);
 * Rolling → Failed; any of these → Canceling → Canceled (the user's cancel, or a request that reverses the mode).
 */
export type OperationPhase =
  | "Accepted"
  | "Validating"
  | "Preparing"
  | "Rolling"
  | "Finishing"
  | "Canceling"
  | "Succeeded"
  | "Failed"
  | "Canceled";

/** The legal moves; a phase that is missing on the right is never reached from the left. */
export const operationMoves: Readonly<Record<OperationPhase, readonly OperationPhase[]>> = {
  Accepted: ["Validating", "Canceling", "Canceled", "Failed"],
  Validating: ["Preparing", "Failed", "Canceling", "Canceled"],
  Preparing: ["Rolling", "Failed", "Canceling", "Canceled"],
  Rolling: ["Finishing", "Failed", "Canceling", "Canceled"],
  Finishing: ["Succeeded", "Failed", "Canceling", "Canceled"],
  Canceling: ["Canceled", "Failed"],
  Succeeded: [],
  Failed: [],
  Canceled: [],
};

/** Whether nothing more will happen to an operation in this phase. */
export function isTerminal(phase: OperationPhase): phase is "Succeeded" | "Failed" | "Canceled" {
  return operationMoves[phase].length === 0;
}

/** An ARM error, as it stands in an operation that failed (`error.details` holds one entry per failed check). */
export type OperationError = {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly OperationError[];
};

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
  readonly startedAt: Instant;
  readonly endedAt: Instant | undefined;
  /** Who asked; status documents are shown to the same tenant only. */
  readonly tenantId: string;
  readonly objectId: string;
};
