import { isTerminal, type Operation, type OperationResource } from "@hostrouting/domain";
import { PROVIDER, clusterResourceId, locationKey } from "./resource-ids.ts";

const iso = (at: number): string => new Date(at).toISOString();

/** Path of an operation's status, as AKS forms it. */
export function operationPath(cluster: Pick<OperationResource, "subscriptionId" | "location">, operationId: string): string {
  return `/subscriptions/${cluster.subscriptionId}/providers/${PROVIDER}/locations/${encodeURIComponent(locationKey(cluster.location))}/operations/${operationId}`;
}

/** Where the phases of an operation stand in ARM: the terminal ones keep their names, all others are `InProgress`. */
export function toOperationState(operation: Operation): string {
  return isTerminal(operation.phase) ? operation.phase : "InProgress";
}

/** The status document. `error` is there whenever it ended without success: SDKs want both code and message. */
export function toOperationBody(operation: Operation, cluster: OperationResource): Readonly<Record<string, unknown>> {
  const unsuccessful = operation.phase === "Failed" || operation.phase === "Canceled";
  return {
    id: operationPath(cluster, operation.id),
    name: operation.id,
    status: toOperationState(operation),
    startTime: iso(operation.startedAt),
    ...(operation.endedAt !== undefined && { endTime: iso(operation.endedAt) }),
    percentComplete: operation.percentComplete,
    resourceId: clusterResourceId(cluster),
    ...(unsuccessful && { error: operation.error ?? unexplained(operation.phase) }),
  };
}

/** The status of an abort: it has succeeded when the operation that it aborts is canceled, and failed when that one ended otherwise first. */
export function toAbortBody(aborted: Operation, cluster: OperationResource): Readonly<Record<string, unknown>> {
  const { error: _, ...operation } = toOperationBody(aborted, cluster);
  const isOver = isTerminal(aborted.phase);
  // How far the operation came says nothing of the abort.
  const body = { ...operation, percentComplete: isOver ? 100 : 0 };
  if (!isOver) return body;
  return aborted.phase === "Canceled" ? { ...body, status: "Succeeded" } : { ...body, status: "Failed", error: notCanceled(aborted) };
}

/** Why an abort came to nothing. */
export function notCanceled({ phase }: Operation): { readonly code: string; readonly message: string } {
  return { code: "OperationNotAllowed", message: `The operation ended as ${phase} before it could be canceled.` };
}

function unexplained(phase: "Failed" | "Canceled"): { code: string; message: string } {
  return phase === "Canceled"
    ? { code: "OperationCanceled", message: "The operation was canceled." }
    : { code: "OperationFailed", message: "The operation failed." };
}
