import { AppError, type HostRoutingStatus } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";

/** A cluster that is to be forgotten. `status`: as the worker recorded it last. */
export type ForgetRequest = { readonly id: string; readonly status: HostRoutingStatus | undefined };

/** What it changes, or why not. */
export type ForgetDecision = { readonly change?: ClusterChange; readonly result: "Forgotten" | AppError };

function refuse(say: string, remedy: string): ForgetDecision {
  return { result: new AppError("forget.refused", { say, do: remedy }) };
}

/**
 * Forgets a cluster with nothing done to it: the way out of a deletion that waits for a cluster that never answers again. Only that one, since every other
 * deletion switches host routing off first.
 */
export function decideForget(locked: LockedCluster | undefined, { id, status }: ForgetRequest): ForgetDecision {
  if (locked === undefined)
    return refuse(`There is no cluster ${id}`, "Give the resource id of a managed cluster, as `az aks show` prints it.");
  if (locked.provisioning !== undefined)
    return refuse(`${id} was made here, and its provider removes it`, "Let the provider end the deletion.");
  const { active } = locked;
  if (active?.kind !== "DeleteManagedCluster")
    return refuse(
      `${id} is not being deleted`,
      "Delete it (`az aks delete`), which switches host routing off; only if that waits without end, forget it.",
    );
  if (status?.waits.some(({ reason }) => reason === "ClusterUnreachable") !== true)
    return refuse(
      `The deletion of ${id} does not wait for a cluster that is out of reach`,
      "Let it go on; `hostrouting status` says what it waits for.",
    );
  const message = "The cluster was forgotten by the operator of this installation, with nothing done to its nodes: it was out of reach.";
  return {
    change: {
      supersede: { operationId: active.id, error: { code: "ClusterForgotten", message } },
      forget: true,
      history: [{ kind: "ClusterForgotten", data: { operationId: active.id, by: "operator" } }],
    },
    result: "Forgotten",
  };
}
