import {
  type ManagedCluster,
  allowedVerbs,
  isTerminal,
  type HostRoutingStatus,
  type NodeRequest,
  type Operation,
  type OperationControl,
  type OperationVerb,
} from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { ArmError, armError } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";
import { decideAcknowledgement, type Acknowledgement } from "./decide-acknowledgement.ts";
import { decideAnswer, type Answer } from "./decide-answer.ts";

/** What is asked for; verbs about nodes say which. */
export type Ask =
  | { readonly verb: "pause" | "resume" }
  | { readonly verb: "retry" | "skip"; readonly request: NodeRequest }
  | Answer
  | Acknowledgement;

/** What somebody asks of the operation that is under way on a cluster. `status`: as the worker recorded it last, where the verb looks at it. */
export type VerbRequest = {
  readonly ask: Ask;
  readonly name: string;
  readonly principal: Principal;
  readonly status: HostRoutingStatus | undefined;
};

type Nodes = HostRoutingStatus["nodes"];

/** What it changes; without a change it is so already. */
export type VerbDecision = { readonly change?: ClusterChange; readonly result: "Accepted" | ArmError };

/** A worker takes requests up within a second; as many as this at once are nobody's wish. */
const REQUESTS_MAX = 100;

const KINDS = {
  pause: "PauseRequested",
  resume: "ResumeRequested",
  retry: "RetryRequested",
  skip: "SkipRequested",
  approve: "GateApproved",
  reject: "GateRejected",
  acknowledge: "DisruptionAcknowledged",
} as const;

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
export function decideVerb(locked: LockedCluster | undefined, given: VerbRequest): VerbDecision {
  const { ask, name, principal, status } = given;
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", `The managed cluster '${name}' was not found.`) };
  const { active } = locked;
  const refusal =
    refuseVerb(active, ask.verb, name) ??
    ("request" in ask ? (refuseDriver(locked.cluster, ask.verb) ?? refuseNode(ask.request, status?.nodes ?? [])) : undefined);
  if (refusal !== undefined) return { result: refusal };
  if (active === undefined) return { result: "Accepted" };
  const control = controlAfter(active, ask, given);
  if (control instanceof ArmError) return { result: control };
  if (control === undefined) return { result: "Accepted" };
  if ((control.requests?.length ?? 0) > REQUESTS_MAX)
    return { result: armError(409, "OperationNotAllowed", `${REQUESTS_MAX} requests for nodes wait for the worker; ask again later.`) };
  const history = [{ kind: KINDS[ask.verb], data: { operationId: active.id, by: principal.objectId, ...whatOf(ask) } }];
  return { change: { control: { operationId: active.id, control }, history }, result: "Accepted" };
}

function controlAfter(active: Operation, ask: Ask, { principal, status }: VerbRequest): OperationControl | ArmError | undefined {
  if ("request" in ask) return withRequest(active.control, ask.request, status?.nodes ?? []);
  if ("connections" in ask) return decideAcknowledgement(active, { ask, principal, status });
  return "gate" in ask ? decideAnswer(active, ask, principal) : withPause(active.control, ask.verb, principal);
}

/** What history keeps of it beside who asked. */
function whatOf(ask: Ask): Readonly<Record<string, string | number>> {
  if ("connections" in ask) return { connections: ask.connections };
  if ("gate" in ask) return { gate: ask.gate, comment: ask.comment };
  if (!("request" in ask)) return {};
  const { request } = ask;
  return { node: request.node ?? "", ...(request.kind === "Skip" && { reason: request.reason }) };
}

/** What the operation is asked for afterwards; nothing when it is asked for that already. */
function withPause(control: OperationControl, verb: "pause" | "resume", principal: Principal): OperationControl | undefined {
  const { pause, ...rest } = control;
  if (verb === "resume") return pause === undefined ? undefined : rest;
  if (pause !== undefined) return undefined;
  return { ...rest, pause: { reason: "Asked", message: "Somebody asked to start no further node.", by: principal.objectId } };
}

/** Where AKS switches nodes it decides about each of them. */
function refuseDriver({ driver, name }: ManagedCluster, verb: "retry" | "skip"): ArmError | undefined {
  if (driver !== "aks-arm") return undefined;
  const message = `AKS itself switches the nodes of managed cluster '${name}' (driver aks-arm), so none can be asked to ${verb}. Cancel the operation, or wait.`;
  return armError(409, "OperationNotAllowed", message);
}

function refuseNode({ kind, node }: NodeRequest, nodes: Nodes): ArmError | undefined {
  if (node === undefined) return undefined;
  const seen = nodes.find(({ name }) => name === node);
  if (seen === undefined) return armError(404, "NodeNotFound", `The cluster has no node '${node}', as far as the worker has seen.`);
  if (kind === "Skip" && (seen.phase === "Enabled" || seen.phase === "Soaking"))
    return armError(409, "OperationNotAllowed", `Node '${node}' is switched already, so it cannot be left out.`);
  return undefined;
}

/** Whether the worker would find nothing to do: the node has not failed, or is left out already. */
function isSo({ kind, node }: NodeRequest, nodes: Nodes): boolean {
  const named = nodes.filter(({ name }) => node === undefined || name === node);
  if (kind === "Skip") return named.every(({ reason }) => reason === "Skipped");
  return !named.some(({ phase, reason }) => (phase === "Failed" && reason !== "Skipped") || (node !== undefined && reason === "Skipped"));
}

function withRequest(control: OperationControl, request: NodeRequest, nodes: Nodes): OperationControl | undefined {
  const { requests = [] } = control;
  const isWaiting = requests.some(({ kind, node }) => kind === request.kind && node === request.node);
  return isWaiting || (requests.length === 0 && isSo(request, nodes)) ? undefined : { ...control, requests: [...requests, request] };
}
