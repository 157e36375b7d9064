import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { as, isTerminal, type ManagedCluster, type Operation, type OperationId } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { armError } from "./arm-error.ts";
import { toOperationBody } from "./operation-wire.ts";
import { principalOf } from "./request-context.ts";
import { PROVIDER, isGuid, locationKey } from "./resource-ids.ts";

type Found = { readonly operation: Operation; readonly cluster: ManagedCluster };

/** Shown to the tenant that started it, under its own subscription and location; to all others it does not exist. */
async function find(deps: Deps, request: FastifyRequest): Promise<Found> {
  const { sub = "", loc = "", operation: id = "" } = request.params as Readonly<Record<string, string | undefined>>;
  const { tenantId } = principalOf(request);
  const operation = isGuid(id) ? await deps.store().operations.get(as<OperationId>(id)) : undefined;
  const cluster = operation?.tenantId === tenantId ? await deps.store().clusters.get(operation.clusterId) : undefined;
  const isHere = cluster?.subscriptionId === sub.toLowerCase() && locationKey(cluster.location) === locationKey(loc);
  if (operation === undefined || cluster === undefined || !isHere)
    throw armError(404, "OperationNotFound", `The operation '${id}' was not found.`);
  return { operation, cluster };
}

async function getStatus(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { operation, cluster } = await find(deps, request);
  if (!isTerminal(operation.phase)) reply.header("retry-after", deps.settings.retryAfterSeconds);
  return toOperationBody(operation, cluster);
}

/** What a cancel came to: 202 while the operation winds down, 204 once it is canceled, 409 when it ended otherwise. */
async function getResult(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { operation } = await find(deps, request);
  if (!isTerminal(operation.phase)) {
    reply
      .code(202)
      .header("location", `${deps.settings.publicUrl}${request.url}`)
      .header("retry-after", deps.settings.retryAfterSeconds)
      .send();
    return;
  }
  if (operation.phase !== "Canceled")
    throw armError(409, "OperationNotAllowed", `The operation ended as ${operation.phase} before it could be canceled.`);
  reply.code(204).send();
}

/** Status of operations and results of cancels. */
export function operationRoutes(app: FastifyInstance, deps: Deps): void {
  const base = `/subscriptions/:sub/providers/${PROVIDER}/locations/:loc`;
  app.get(`${base}/operations/:operation`, (request, reply) => getStatus(deps, request, reply));
  app.get(`${base}/operationresults/:operation`, async (request, reply) => {
    await getResult(deps, request, reply);
    return reply;
  });
}
