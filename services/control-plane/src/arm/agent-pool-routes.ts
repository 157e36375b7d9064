import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ManagedCluster } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { decideDeletePool, decidePutPool, findPool, poolEtag, poolsOf } from "../enablement/decide-agent-pool.ts";
import type { JsonObject } from "../enablement/json-object.ts";
import { POOL_TYPE, asksToStop, readPoolBody, toAgentPoolBody } from "./agent-pool-wire.ts";
import { armError } from "./arm-error.ts";
import { acceptChange, changeOf, followOperation } from "./follow-operation.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { pathOf } from "./request-context.ts";
import { CLUSTER_TYPE, clusterIdOf } from "./resource-ids.ts";

type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply };

const poolOf = (request: FastifyRequest): string => (request.params as Readonly<Record<string, string | undefined>>)["pool"] ?? "";

function requirePool(cluster: ManagedCluster, name: string): JsonObject {
  const pool = findPool(cluster, name);
  if (pool !== undefined) return pool;
  throw armError(404, "ResourceNotFound", `The Resource '${POOL_TYPE}/${cluster.name}/${name}' was not found.`);
}

/** The pool that the address of `request` names. @throws ArmError 404 `ResourceNotFound` */
export function poolAt(request: FastifyRequest, cluster: ManagedCluster): JsonObject {
  return requirePool(cluster, poolOf(request));
}

function show(reply: FastifyReply, cluster: ManagedCluster, name: string): unknown {
  const pool = requirePool(cluster, name);
  reply.header("etag", `"${poolEtag(cluster, pool)}"`);
  return toAgentPoolBody(cluster, pool);
}

async function put(deps: Deps, { request, reply }: Exchange): Promise<unknown> {
  const pool = poolOf(request);
  const given = { ...changeOf(deps, request), pool, properties: readPoolBody(request.body, pool), stops: asksToStop(request.body) };
  const { cluster, operationId, isNew } = await acceptChange(deps, request, {
    id: clusterIdOf(pathOf(request)),
    decide: (locked) => decidePutPool(locked, given),
  });
  reply.code(isNew === true ? 201 : 200);
  if (operationId !== undefined) followOperation(deps, { request, reply }, { cluster, operationId });
  return show(reply, cluster, pool);
}

async function remove(deps: Deps, { request, reply }: Exchange): Promise<void> {
  const given = { ...changeOf(deps, request), pool: poolOf(request) };
  const { cluster, operationId } = await acceptChange(deps, request, {
    id: clusterIdOf(pathOf(request)),
    decide: (locked) => decideDeletePool(locked, given),
  });
  if (operationId !== undefined) followOperation(deps, { request, reply }, { cluster, operationId, resultOf: "delete" });
  reply.code(operationId === undefined ? 204 : 202).send();
}

/** Pools of a cluster as resources of their own. */
export function agentPoolRoutes(app: FastifyInstance, deps: Deps): void {
  const pools = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name/agentPools`;
  app.get(pools, async (request) => {
    const cluster = await findCluster(deps, request);
    return { value: poolsOf(cluster).map((pool) => toAgentPoolBody(cluster, pool)) };
  });
  app.get(`${pools}/:pool`, async (request, reply) => show(reply, await findCluster(deps, request), poolOf(request)));
  app.put(`${pools}/:pool`, (request, reply) => put(deps, { request, reply }));
  app.delete(`${pools}/:pool`, async (request, reply) => {
    await remove(deps, { request, reply });
    return reply;
  });
}
