import { allowedVerbs, isTerminal, type Operation, type OperationControl, type OperationVerb } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { armError, type ArmError } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";

/** What somebody asks of the operation that is under way on a cluster. */
export type VerbRequest = { readonly verb: Exclude<OperationVerb, "cancel">; readonly name: string; readonly principal: Principal };

/** What it changes; without a change it is so already. */
export type VerbDecision = { readonly change?: ClusterChange; readonly result: "Accepted" | ArmError };

/** Why a verb is refused for now: 409 with what is allowed instead. */
export function refuseVerb(operation: Operation | undefined, verb: OperationVerb, name: string): ArmError | undefined {
  if (operation === undefined || isTerminal(operation.phase))
    return armError(409, "OperationNotAllowed", `No operation is under way on managed cluster '${name}', so there is nothing to ${verb}.`);
  const allowed = allowedVerbs(operation);
  if (allowed.includes(verb)) return undefined;
  const ends = operation.error === undefined && !operation.cancelRequested ? "" : ", and is winding down";
  const message = `Operation ${operation.kind} (${operation.id}) is in phase ${operation.phase}${ends}. Allowed now: ${allowed.join(", ")}.`;
  return armError(409, "OperationNotAllowed", message);
}

/** What a verb makes of a cluster under lock. Asking for what is so already changes nothing; what the phase forbids is 409. */
export function decideVerb(locked: LockedCluster | undefined, { verb, name, principal }: VerbRequest): VerbDecision {
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", `The managed cluster '${name}' was not found.`) };
  const { active } = locked;
  const refusal = refuseVerb(active, verb, name);
  if (active === undefined || refusal !== undefined) return refusal === undefined ? { result: "Accepted" } : { result: refusal };
  const control = controlAfter(active.control, verb, principal);
  if (control === undefined) return { result: "Accepted" };
  const history = [
    { kind: verb === "pause" ? "PauseRequested" : "ResumeRequested", data: { operationId: active.id, by: principal.objectId } },
  ];
  return { change: { control: { operationId: active.id, control }, history }, result: "Accepted" };
}

/** What the operation is asked for afterwards; nothing when it is asked for that already. */
function controlAfter(control: OperationControl, verb: VerbRequest["verb"], principal: Principal): OperationControl | undefined {
  const { pause, ...rest } = control;
  if (verb === "resume") return pause === undefined ? undefined : rest;
  if (pause !== undefined) return undefined;
  return { ...rest, pause: { reason: "Asked", message: "Somebody asked to start no further node.", by: principal.objectId } };
}
