import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ManagedCluster } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import type { Creation } from "../enablement/decide-create.ts";
import { decideDelete } from "../enablement/decide-delete.ts";
import { decidePatch } from "../enablement/decide-patch.ts";
import { decidePut } from "../enablement/decide-put.ts";
import { armError, type ArmError } from "./arm-error.ts";
import { clusterPage } from "./cluster-page.ts";
import { acceptChange, changeOf, followOperation } from "./follow-operation.ts";
import { toManagedClusterBody } from "./managed-cluster-wire.ts";
import { claimedProvisioningState, readPutBody } from "./put-body.ts";
import { pathOf } from "./request-context.ts";
import { CLUSTER_TYPE, clusterIdOf, type ClusterPath } from "./resource-ids.ts";
import { converterOf } from "../versions/cluster-converter.ts";

/** That there is no such cluster. */
export function clusterNotFound({ name, resourceGroup }: Pick<ClusterPath, "name" | "resourceGroup">): ArmError {
  return armError(404, "ResourceNotFound", `The Resource '${CLUSTER_TYPE}/${name}' under resource group '${resourceGroup}' was not found.`);
}

/** @throws ArmError 404 `ResourceNotFound`. */
export async function findCluster(deps: Deps, request: FastifyRequest): Promise<ManagedCluster> {
  const path = pathOf(request);
  const { cluster: asked } = request.arm;
  const cluster = asked === undefined ? await deps.store().clusters.get(clusterIdOf(path)) : asked.found;
  if (cluster === undefined) throw clusterNotFound(path);
  return cluster;
}

/** As the request's api-version shows it. */
function show(request: FastifyRequest, cluster: ManagedCluster): Readonly<Record<string, unknown>> {
  return converterOf(request.arm.apiVersion).show(toManagedClusterBody(cluster));
}

async function get(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  reply.header("etag", `"${cluster.etag}"`);
  return show(request, cluster);
}

/** Who makes clusters that are not there; the first provider of this installation that does. */
function creationOf(deps: Deps, request: FastifyRequest): Creation | undefined {
  const [provider] = deps.settings.providers;
  return provider === undefined ? undefined : { path: pathOf(request), provider };
}

async function put(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const path = pathOf(request);
  const converter = converterOf(request.arm.apiVersion);
  const given = {
    ...changeOf(deps, request),
    request: readPutBody(request.body, path.name, converter.withoutUnknown),
    converter,
    claimedState: claimedProvisioningState(request.body),
    creation: creationOf(deps, request),
  };
  const { cluster, operationId, isNew } = await acceptChange(deps, request, {
    id: clusterIdOf(path),
    decide: (locked) => decidePut(locked, given),
  });
  reply.code(isNew === true ? 201 : 200).header("etag", `"${cluster.etag}"`);
  if (operationId !== undefined) followOperation(deps, { request, reply }, { cluster, operationId });
  return show(request, cluster);
}

async function patch(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const path = pathOf(request);
  const converter = converterOf(request.arm.apiVersion);
  const given = { ...changeOf(deps, request), patch: readPutBody(request.body, path.name, converter.withoutUnknown), converter };
  const { cluster, operationId } = await acceptChange(deps, request, {
    id: clusterIdOf(path),
    decide: (locked) => decidePatch(locked, given),
  });
  reply.header("etag", `"${cluster.etag}"`);
  if (operationId === given.operationId) {
    reply.code(202);
    followOperation(deps, { request, reply }, { cluster, operationId, resultOf: "patch" });
  }
  return show(request, cluster);
}

async function remove(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const given = changeOf(deps, request);
  const result = await acceptChange(deps, request, { id: clusterIdOf(pathOf(request)), decide: (locked) => decideDelete(locked, given) });
  if (result !== "Absent")
    followOperation(deps, { request, reply }, { cluster: result, operationId: result.operationId, resultOf: "delete" });
  reply.code(result === "Absent" ? 204 : 202).send();
}

const list = (deps: Deps, request: FastifyRequest): Promise<unknown> =>
  clusterPage(deps, request, { path: `/providers/${CLUSTER_TYPE}`, query: {}, show: (cluster) => show(request, cluster) });

/** Managed clusters: every verb, and lists. */
export function managedClusterRoutes(app: FastifyInstance, deps: Deps): void {
  const clusters = `/providers/${CLUSTER_TYPE}`;
  app.get(`/subscriptions/:sub/resourceGroups/:group${clusters}/:name`, (request, reply) => get(deps, request, reply));
  app.put(`/subscriptions/:sub/resourceGroups/:group${clusters}/:name`, (request, reply) => put(deps, request, reply));
  app.patch(`/subscriptions/:sub/resourceGroups/:group${clusters}/:name`, (request, reply) => patch(deps, request, reply));
  app.delete(`/subscriptions/:sub/resourceGroups/:group${clusters}/:name`, async (request, reply) => {
    await remove(deps, request, reply);
    return reply;
  });
  app.get(`/subscriptions/:sub/resourceGroups/:group${clusters}`, (request) => list(deps, request));
  app.get(`/subscriptions/:sub${clusters}`, (request) => list(deps, request));
}
