import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  as,
  isTerminal,
  type Assessment,
  type AssessmentId,
  type Operation,
  type OperationId,
  type OperationResource,
} from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { ArmError, armError } from "./arm-error.ts";
import { toAssessmentReport, toAssessmentStatus } from "./assessment-wire.ts";
import { toManagedClusterBody } from "./managed-cluster-wire.ts";
import { notCanceled, toAbortBody, toOperationBody } from "./operation-wire.ts";
import { principalOf } from "./request-context.ts";
import { converterOf } from "../versions/cluster-converter.ts";
import { PROVIDER, isGuid, locationKey } from "./resource-ids.ts";

type Found =
  | { readonly kind: "Operation"; readonly operation: Operation; readonly resource: OperationResource }
  | { readonly kind: "Assessment"; readonly assessment: Assessment; readonly resource: OperationResource };

/** What an operation is about is known also when it is gone; what was asked of a cluster goes with it. */
async function ofThisId(deps: Deps, id: string): Promise<Found | undefined> {
  if (!isGuid(id)) return undefined;
  const found = await deps.store().operations.find(as<OperationId>(id));
  if (found !== undefined) return { kind: "Operation", ...found };
  const assessment = await deps.store().assessments.get(as<AssessmentId>(id));
  const resource = assessment && (await deps.store().clusters.get(assessment.clusterId));
  return assessment && resource && { kind: "Assessment", assessment, resource };
}

/**
 * Shown to whoever started it or was sent here by a reply, under its own subscription and location; to all others it does not exist, whatever their
 * rights: they follow the cluster's `hostRoutings/default`.
 */
async function find(deps: Deps, request: FastifyRequest): Promise<Found> {
  const { sub = "", loc = "", operation: id = "" } = request.params as Readonly<Record<string, string | undefined>>;
  const found = await ofThisId(deps, id);
  const started = found?.kind === "Operation" ? found.operation : found?.assessment;
  const principal = principalOf(request);
  const isOurs =
    (started?.tenantId === principal.tenantId && started.objectId === principal.objectId) ||
    (found?.kind === "Operation" && (await deps.store().operationFollowers.has(found.operation.id, principal)));
  const isHere = found?.resource.subscriptionId === sub.toLowerCase() && locationKey(found.resource.location) === locationKey(loc);
  if (found === undefined || !isOurs || !isHere) throw armError(404, "OperationNotFound", `The operation '${id}' was not found.`);
  return found;
}

/** What the address says that it is about; absent: the operation itself. */
function whatOf(request: FastifyRequest): unknown {
  return (request.query as Readonly<Record<string, unknown>>)["t"];
}

async function getStatus(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const found = await find(deps, request);
  const isOver = found.kind === "Operation" ? isTerminal(found.operation.phase) : found.assessment.state !== "Pending";
  if (!isOver) reply.header("retry-after", deps.settings.retryAfterSeconds);
  if (found.kind === "Assessment") return toAssessmentStatus(found.assessment, found.resource);
  return (whatOf(request) === "abort" ? toAbortBody : toOperationBody)(found.operation, found.resource);
}

function sendPending(deps: Deps, request: FastifyRequest, reply: FastifyReply): void {
  reply
    .code(202)
    .header("location", `${deps.settings.publicUrl}${request.url}`)
    .header("retry-after", deps.settings.retryAfterSeconds)
    .send();
}

/**
 * What a request came to whose address says what it was: 202 while it is under way, then the reply that it would have had at once, or its error.
 * @returns whether that is what was asked for
 */
async function sendResultOf(deps: Deps, operation: Operation, reply: FastifyReply): Promise<boolean> {
  const of = whatOf(reply.request);
  if (of !== "patch" && of !== "delete") return false;
  if (operation.phase !== "Succeeded")
    throw new ArmError(409, operation.error ?? { code: "OperationFailed", message: `It ended as ${operation.phase}.` });
  const cluster = of === "patch" ? await deps.store().clusters.get(operation.clusterId) : undefined;
  if (cluster === undefined) reply.code(204).send();
  else reply.header("etag", `"${cluster.etag}"`).send(converterOf(reply.request.arm.apiVersion).show(toManagedClusterBody(cluster)));
  return true;
}

/**
 * What a cancel came to, unless the address says what else it is the result of: 202 while the operation winds down, 204 once it is canceled, 409 when it
 * ended otherwise. Of a question: 202 until it is answered, 200 with the report, 409 with the reason where there will be none.
 */
async function getResult(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const found = await find(deps, request);
  if (found.kind === "Assessment") {
    const { state, report, error } = found.assessment;
    if (state === "Pending") return sendPending(deps, request, reply);
    if (report === undefined) throw new ArmError(409, error ?? { code: "OperationNotAllowed", message: `It ended as ${state}.` });
    reply.send(toAssessmentReport(report, deps.settings.nodeHourPrice));
    return;
  }
  const { operation } = found;
  if (!isTerminal(operation.phase)) return sendPending(deps, request, reply);
  if (await sendResultOf(deps, operation, reply)) return;
  if (operation.phase !== "Canceled") throw new ArmError(409, notCanceled(operation));
  reply.code(204).send();
}

/** Status of operations and questions, results of cancels, and reports. */
export function operationRoutes(app: FastifyInstance, deps: Deps): void {
  const base = `/subscriptions/:sub/providers/${PROVIDER}/locations/:loc`;
  app.get(`${base}/operations/:operation`, (request, reply) => getStatus(deps, request, reply));
  app.get(`${base}/operationresults/:operation`, async (request, reply) => {
    await getResult(deps, request, reply);
    return reply;
  });
}
