import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { as, unreachable, type OperationId } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { decideCancel } from "../enablement/decide-cancel.ts";
import { decideRollback } from "../enablement/decide-rollback.ts";
import { decideUpgrade } from "../enablement/decide-upgrade.ts";
import { decideVerb, type Ask } from "../enablement/decide-verb.ts";
import { changeCluster } from "./change-cluster.ts";
import { operationUrl } from "./follow-operation.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { readHostRouting } from "./read-host-routing.ts";
import { pathOf, principalOf } from "./request-context.ts";
import { HOST_ROUTING_TYPE, CLUSTER_TYPE } from "./resource-ids.ts";
import { parseAcknowledgement, parseAnswer, parseNodeRequest, parseNothing } from "./verb-body.ts";

const VERBS = ["pause", "resume", "retry", "skip", "approve", "reject", "acknowledge"] as const;

/**
 * As `abort`, which is ARM's own name for it, pollers are sent to a status of the abort itself: told of the operation's, they would take its `Canceled`
 * for a failure of what they asked.
 */
async function cancel(deps: Deps, given: { request: FastifyRequest; reply: FastifyReply; isAbort: boolean }): Promise<void> {
  const { request, reply, isAbort } = given;
  parseNothing(request.body);
  const cluster = await findCluster(deps, request);
  const { name } = pathOf(request);
  const result = await changeCluster(deps, request, {
    id: cluster.id,
    decide: (locked) => decideCancel(locked, name, principalOf(request)),
  });
  void deps.doorbell.ring(cluster.id);
  const operation = operationUrl(deps, request, { cluster, operationId: result.operationId });
  const status = isAbort ? `${operation}&t=abort` : operation;
  reply
    .code(202)
    .header("azure-asyncoperation", status)
    .header("location", status.replace("/operations/", "/operationresults/"))
    .header("retry-after", deps.settings.retryAfterSeconds)
    .send();
}

/** Begins an upgrade of the bundle, or answers with the one that is under way. */
async function upgrade(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  parseNothing(request.body);
  const cluster = await findCluster(deps, request);
  const wish = { name: pathOf(request).name, principal: principalOf(request), operationId: as<OperationId>(deps.newId()) };
  const result = await changeCluster(deps, request, { id: cluster.id, decide: (locked) => decideUpgrade(locked, wish) });
  void deps.doorbell.ring(cluster.id);
  const status = operationUrl(deps, request, { cluster, operationId: result.operationId });
  reply.code(202).header("azure-asyncoperation", status).header("retry-after", deps.settings.retryAfterSeconds).send();
}

/** Begins the operation that takes back, or answers with the one that does already. */
async function rollBack(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  parseNothing(request.body);
  const cluster = await findCluster(deps, request);
  const wish = {
    name: pathOf(request).name,
    principal: principalOf(request),
    operationId: as<OperationId>(deps.newId()),
    etag: deps.newId(),
    now: new Date(deps.clock.now()).toISOString(),
  };
  const result = await changeCluster(deps, request, { id: cluster.id, decide: (locked) => decideRollback(locked, wish) });
  void deps.doorbell.ring(cluster.id);
  const status = operationUrl(deps, request, { cluster, operationId: result.operationId });
  reply.code(202).header("azure-asyncoperation", status).header("retry-after", deps.settings.retryAfterSeconds).send();
}

function parseAsk(verb: Ask["verb"], body: unknown, by: string): Ask {
  switch (verb) {
    case "retry":
    case "skip":
      return { verb, request: parseNodeRequest(verb, body, by) };
    case "approve":
    case "reject":
      return parseAnswer(verb, body);
    case "acknowledge":
      return parseAcknowledgement(body);
    case "pause":
    case "resume":
      parseNothing(body);
      return { verb };
    default:
      return unreachable(verb);
  }
}

/** Asks something of the running operation; answers what is now, of which the operation's phase tells how far that is. */
async function ask(deps: Deps, request: FastifyRequest, verb: Ask["verb"]): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  const principal = principalOf(request);
  const wanted = parseAsk(verb, request.body, principal.objectId);
  const status = "request" in wanted || verb === "acknowledge" ? (await deps.store().clusters.status(cluster.id)).status : undefined;
  const asked = { ask: wanted, name: pathOf(request).name, principal, status };
  await changeCluster(deps, request, { id: cluster.id, decide: (locked) => decideVerb(locked, asked) });
  void deps.doorbell.ring(cluster.id);
  return readHostRouting(deps, request);
}

/** Our child resource of a managed cluster: what is, what moves, what waits, what can be asked of it; and ARM's own abort. */
export function hostRoutingRoutes(app: FastifyInstance, deps: Deps): void {
  const type = HOST_ROUTING_TYPE.slice(CLUSTER_TYPE.length);
  const base = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name${type}`;
  app.get(base, async (request) => ({ value: [await readHostRouting(deps, request)] }));
  for (const verb of VERBS) app.post(`${base}/default/${verb}`, (request) => ask(deps, request, verb));
  const cancels = { [`${base}/default/cancel`]: false, [`${base}/default/abort`]: true, [`${base.slice(0, -type.length)}/abort`]: true };
  for (const [address, isAbort] of Object.entries(cancels))
    app.post(address, async (request, reply) => {
      await cancel(deps, { request, reply, isAbort });
      return reply;
    });
  app.post(`${base}/default/upgrade`, async (request, reply) => {
    await upgrade(deps, request, reply);
    return reply;
  });
  app.post(`${base}/default/rollback`, async (request, reply) => {
    await rollBack(deps, request, reply);
    return reply;
  });
}
