import { isTerminal, type Operation, type OperationResource } from "@hostrouting/domain";
import { PROVIDER, clusterResourceId, locationKey } from "./resource-ids.ts";

const iso = (at: number): string => new Date(at).toISOString();

/** Path of an operation's status, as AKS forms it. */
export function operationPath(cluster: Pick<OperationResource, "subscriptionId" | "location">, operationId: string): string {
  return `/subscriptions/${cluster.subscriptionId}/providers/${PROVIDER}/locations/${locationKey(cluster.location)}/operations/${operationId}`;
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

function unexplained(phase: "Failed" | "Canceled"): { code: string; message: string } {
  return phase === "Canceled"
    ? { code: "OperationCanceled", message: "The operation was canceled." }
    : { code: "OperationFailed", message: "The operation failed." };
}
