import type { OperationId } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { armError, type ArmError } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";
import { refuseVerb } from "./decide-verb.ts";

/** What a cancel changes, and the operation that it is about, or why not. */
export type CancelDecision = { readonly change?: ClusterChange; readonly result: { readonly operationId: OperationId } | ArmError };

/** What a cancel makes of a cluster under lock: the running operation is asked to wind down; asking twice changes nothing; with none running, 409. */
export function decideCancel(locked: LockedCluster | undefined, name: string, principal: Principal): CancelDecision {
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", `The managed cluster '${name}' was not found.`) };
  const { active } = locked;
  const refusal = refuseVerb(active, "cancel", name);
  if (active === undefined || refusal !== undefined) return { result: refusal ?? armError(409, "OperationNotAllowed", "") };
  if (active.cancelRequested) return { result: { operationId: active.id } };
  const history = [{ kind: "CancelRequested", data: { operationId: active.id, by: principal.objectId } }];
  return { change: { requestCancel: active.id, history }, result: { operationId: active.id } };
}
