import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { as, type ClusterId, type ManagedCluster, type OperationId } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { decidePut, type PutAccepted } from "../enablement/decide-put.ts";
import { changeCluster } from "./change-cluster.ts";
import { shownScopes } from "./access.ts";
import { armError } from "./arm-error.ts";
import { fitReply } from "./fit-reply.ts";
import { toManagedClusterBody } from "./managed-cluster-wire.ts";
import { operationPath } from "./operation-wire.ts";
import { readPage, skipTokenAfter } from "./paging.ts";
import { claimedProvisioningState, readPutBody } from "./put-body.ts";
import { pathOf, principalOf } from "./request-context.ts";
import { CLUSTER_TYPE, clusterIdOf } from "./resource-ids.ts";
import { converterOf } from "../versions/cluster-converter.ts";

const header = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(",") : value);

/** @throws ArmError 404 `ResourceNotFound`. */
export async function findCluster(deps: Deps, request: FastifyRequest): Promise<ManagedCluster> {
  const path = pathOf(request);
  const cluster = await deps.store().clusters.get(clusterIdOf(path));
  if (cluster !== undefined) return cluster;
  throw armError(
    404,
    "ResourceNotFound",
    `The Resource '${CLUSTER_TYPE}/${path.name}' under resource group '${path.resourceGroup}' was not found.`,
  );
}

/** Absolute URL of the status of an operation on a cluster, with the api-version of the request that it answers. */
export function operationUrl(deps: Deps, request: FastifyRequest, operation: { cluster: ManagedCluster; operationId: string }): string {
  const path = operationPath(operation.cluster, operation.operationId);
  return `${deps.settings.publicUrl}${path}?api-version=${encodeURIComponent(request.arm.apiVersion)}`;
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

/** Accepts in one transaction; the bell rings after the commit and its failure costs latency only. */
async function accept(deps: Deps, request: FastifyRequest): Promise<PutAccepted> {
  const path = pathOf(request);
  const converter = converterOf(request.arm.apiVersion);
  const put = {
    name: path.name,
    request: readPutBody(request.body, path.name, converter.withoutUnknown),
    converter,
    claimedState: claimedProvisioningState(request.body),
    preconditions: { ifMatch: header(request.headers["if-match"]), ifNoneMatch: header(request.headers["if-none-match"]) },
    principal: principalOf(request),
    operationId: as<OperationId>(deps.newId()),
    etag: deps.newId(),
    now: new Date(deps.clock.now()).toISOString(),
  };
  const id = clusterIdOf(path);
  const result = await changeCluster(deps, request, { id, decide: (locked) => decidePut(locked, put) });
  if (result.cluster.etag === put.etag) void deps.doorbell.ring(id);
  return result;
}

async function put(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { cluster, operationId } = await accept(deps, request);
  reply.header("etag", `"${cluster.etag}"`);
  if (operationId !== undefined) {
    reply.header("azure-asyncoperation", operationUrl(deps, request, { cluster, operationId }));
    reply.header("retry-after", deps.settings.retryAfterSeconds);
  }
  return show(request, cluster);
}

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const { subscriptionId, resourceGroup } = pathOf(request);
  const group = resourceGroup === "" ? {} : { resourceGroup };
  const scope = `/subscriptions/${subscriptionId}`.toLowerCase();
  const page = readPage(request.query as Readonly<Record<string, unknown>>, scope);
  const after = page.after === undefined ? {} : { after: as<ClusterId>(page.after) };
  // One more than fits tells whether there is a next page.
  const shownBelow = shownScopes(request);
  const within = shownBelow === undefined ? {} : { within: shownBelow };
  const found = await deps.store().clusters.list({ subscriptionId, ...group, ...after, ...within, limit: page.limit + 1 });
  const value = fitReply(found.slice(0, page.limit).map((cluster) => show(request, cluster)));
  const last = found[value.length - 1];
  const path = `${scope}${resourceGroup === "" ? "" : `/resourceGroups/${encodeURIComponent(resourceGroup)}`}/providers/${CLUSTER_TYPE}`;
  const query = new URLSearchParams({
    "api-version": request.arm.apiVersion,
    $top: String(page.limit),
    $skipToken: last === undefined ? "" : skipTokenAfter(last.id),
  });
  const more = found.length > value.length ? { nextLink: `${deps.settings.publicUrl}${path}?${query.toString()}` } : {};
  return { value, ...more };
}

/** GET, PUT and lists of managed clusters. */
export function managedClusterRoutes(app: FastifyInstance, deps: Deps): void {
  const clusters = `/providers/${CLUSTER_TYPE}`;
  app.get(`/subscriptions/:sub/resourceGroups/:group${clusters}/:name`, (request, reply) => get(deps, request, reply));
  app.put(`/subscriptions/:sub/resourceGroups/:group${clusters}/:name`, (request, reply) => put(deps, request, reply));
  app.get(`/subscriptions/:sub/resourceGroups/:group${clusters}`, (request) => list(deps, request));
  app.get(`/subscriptions/:sub${clusters}`, (request) => list(deps, request));
}
