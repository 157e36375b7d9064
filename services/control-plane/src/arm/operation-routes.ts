import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  as,
  isTerminal,
  type Assessment,
  type AssessmentId,
  type ManagedCluster,
  type Operation,
  type OperationId,
} from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { ArmError, armError } from "./arm-error.ts";
import { toAssessmentReport, toAssessmentStatus } from "./assessment-wire.ts";
import { toOperationBody } from "./operation-wire.ts";
import { principalOf } from "./request-context.ts";
import { PROVIDER, isGuid, locationKey } from "./resource-ids.ts";

type Found =
  | { readonly kind: "Operation"; readonly operation: Operation; readonly cluster: ManagedCluster }
  | { readonly kind: "Assessment"; readonly assessment: Assessment; readonly cluster: ManagedCluster };

async function ofThisId(deps: Deps, id: string): Promise<Operation | Assessment | undefined> {
  if (!isGuid(id)) return undefined;
  const operation = await deps.store().operations.get(as<OperationId>(id));
  return operation ?? deps.store().assessments.get(as<AssessmentId>(id));
}

/**
 * Shown to whoever started it, under its own subscription and location; to all others it does not exist, whatever their rights: they follow the
 * cluster's `hostRoutings/default`.
 */
async function find(deps: Deps, request: FastifyRequest): Promise<Found> {
  const { sub = "", loc = "", operation: id = "" } = request.params as Readonly<Record<string, string | undefined>>;
  const { tenantId, objectId } = principalOf(request);
  const found = await ofThisId(deps, id);
  const cluster =
    found?.tenantId === tenantId && found.objectId === objectId ? await deps.store().clusters.get(found.clusterId) : undefined;
  const isHere = cluster?.subscriptionId === sub.toLowerCase() && locationKey(cluster.location) === locationKey(loc);
  if (found === undefined || cluster === undefined || !isHere)
    throw armError(404, "OperationNotFound", `The operation '${id}' was not found.`);
  return "state" in found ? { kind: "Assessment", assessment: found, cluster } : { kind: "Operation", operation: found, cluster };
}

async function getStatus(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const found = await find(deps, request);
  const isOver = found.kind === "Operation" ? isTerminal(found.operation.phase) : found.assessment.state !== "Pending";
  if (!isOver) reply.header("retry-after", deps.settings.retryAfterSeconds);
  if (found.kind === "Operation") return toOperationBody(found.operation, found.cluster);
  return toAssessmentStatus(found.assessment, found.cluster);
}

function sendPending(deps: Deps, request: FastifyRequest, reply: FastifyReply): void {
  reply
    .code(202)
    .header("location", `${deps.settings.publicUrl}${request.url}`)
    .header("retry-after", deps.settings.retryAfterSeconds)
    .send();
}

/**
 * What a cancel came to: 202 while the operation winds down, 204 once it is canceled, 409 when it ended otherwise. Of a question: 202 until it is
 * answered, 200 with the report, 409 with the reason where there will be none.
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
  if (operation.phase !== "Canceled")
    throw armError(409, "OperationNotAllowed", `The operation ended as ${operation.phase} before it could be canceled.`);
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
