import type { FastifyInstance, FastifyRequest } from "fastify";
import { as, type HostRoutingStatus, type ManagedCluster, type OperationId, type RolloutPolicy } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { armError, type ArmError } from "./arm-error.ts";
import { toHostRoutingNode, toHostRoutingOperation, toHostRoutingPolicy, toWarning } from "./host-routing-wire.ts";
import { showPage } from "./item-page.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { badSkipToken, readPage } from "./paging.ts";
import { CLUSTER_TYPE, HOST_ROUTING_TYPE, isGuid } from "./resource-ids.ts";

type Seen = {
  readonly cluster: ManagedCluster;
  readonly status: HostRoutingStatus | undefined;
  readonly rolloutPolicy: Partial<RolloutPolicy>;
};

/** What a list shows of what the worker saw last. `placeOf`: keys by which the items are in order. */
type SeenList<T> = {
  readonly list: string;
  readonly read: (seen: Seen) => readonly T[];
  readonly placeOf: (item: T, index: number) => string;
  readonly show: (item: T, seen: Seen) => unknown;
};

/** Wide enough for every list that has no names: the worker keeps 200 findings and far fewer warnings. */
const byIndex = (_: unknown, index: number): string => String(index).padStart(6, "0");

const nodes: SeenList<HostRoutingStatus["nodes"][number]> = {
  list: "nodes",
  read: ({ status }) => (status?.nodes ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  placeOf: ({ name }) => name,
  show: (node, { cluster }) => toHostRoutingNode(cluster, node),
};
const findings: SeenList<HostRoutingStatus["findings"][number]> = {
  list: "findings",
  read: ({ status }) => status?.findings ?? [],
  placeOf: byIndex,
  show: (finding) => finding,
};
const warnings: SeenList<HostRoutingStatus["warnings"][number]> = {
  list: "warnings",
  read: ({ status }) => status?.warnings ?? [],
  placeOf: byIndex,
  show: (warning) => toWarning(warning),
};
const policies: SeenList<ReturnType<typeof toHostRoutingPolicy>> = {
  list: "policies",
  read: (seen) => [toHostRoutingPolicy(seen)],
  placeOf: ({ name }) => name,
  show: (policy) => policy,
};

const queryOf = (request: FastifyRequest): Readonly<Record<string, unknown>> => request.query as Readonly<Record<string, unknown>>;

function nameOf(request: FastifyRequest, parameter: "node" | "policy" | "operation"): string {
  return (request.params as Readonly<Record<string, string | undefined>>)[parameter] ?? "";
}

async function see(deps: Deps, request: FastifyRequest): Promise<Seen> {
  const cluster = await findCluster(deps, request);
  return { cluster, ...(await deps.store().clusters.status(cluster.id)) };
}

async function readSeen<T>(deps: Deps, request: FastifyRequest, { list, read, placeOf, show }: SeenList<T>): Promise<unknown> {
  const seen = await see(deps, request);
  const { limit, after } = readPage(queryOf(request), list);
  const placed = read(seen).map((item, index) => ({ item, place: placeOf(item, index) }));
  const open = after === undefined ? placed : placed.filter(({ place }) => `${list}/${place}` > after);
  const items = open.slice(0, limit + 1);
  return showPage(deps, request, {
    ...{ cluster: seen.cluster, list, limit, items },
    placeOf: ({ place }) => place,
    show: ({ item }) => show(item, seen),
  });
}

function notFound(kind: string, name: string, cluster: ManagedCluster): ArmError {
  return armError(404, "ResourceNotFound", `The managed cluster '${cluster.name}' has no ${kind} '${name}'.`);
}

async function getNode(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const { cluster, status } = await see(deps, request);
  const name = nameOf(request, "node").toLowerCase();
  const node = status?.nodes.find((one) => one.name.toLowerCase() === name);
  if (node === undefined) throw armError(404, "NodeNotFound", `The cluster has no node '${name}', as far as the worker has seen.`);
  return toHostRoutingNode(cluster, node);
}

async function getPolicy(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const seen = await see(deps, request);
  const policy = toHostRoutingPolicy(seen);
  const name = nameOf(request, "policy");
  if (policy.name.toLowerCase() !== name.toLowerCase()) throw notFound("managed network policy", name, seen.cluster);
  return policy;
}

async function listOperations(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  const list = "operations";
  const { limit, after } = readPage(queryOf(request), list);
  const last = after?.slice(list.length + 1);
  if (last !== undefined && !isGuid(last)) throw badSkipToken();
  const items = await deps.store().operations.list(cluster.id, limit + 1, last === undefined ? undefined : as<OperationId>(last));
  const show = (operation: (typeof items)[number]): unknown => toHostRoutingOperation(cluster, operation);
  return showPage(deps, request, { cluster, list, limit, items, placeOf: ({ id }) => id, show });
}

async function getOperation(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  const id = nameOf(request, "operation");
  const operation = isGuid(id) ? await deps.store().operations.get(as<OperationId>(id.toLowerCase())) : undefined;
  if (operation?.clusterId !== cluster.id) throw notFound("operation", id, cluster);
  return toHostRoutingOperation(cluster, operation);
}

/** Lists below `hostRoutings/default`, each in pages: what is known of nodes, rules, warnings and policies, and the history of operations. */
export function hostRoutingListRoutes(app: FastifyInstance, deps: Deps): void {
  const type = HOST_ROUTING_TYPE.slice(CLUSTER_TYPE.length);
  const base = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name${type}/default`;
  app.get(`${base}/nodes`, (request) => readSeen(deps, request, nodes));
  app.get(`${base}/findings`, (request) => readSeen(deps, request, findings));
  app.get(`${base}/warnings`, (request) => readSeen(deps, request, warnings));
  app.get(`${base}/policies`, (request) => readSeen(deps, request, policies));
  app.get(`${base}/operations`, (request) => listOperations(deps, request));
  app.get(`${base}/nodes/:node`, (request) => getNode(deps, request));
  app.get(`${base}/policies/:policy`, (request) => getPolicy(deps, request));
  app.get(`${base}/operations/:operation`, (request) => getOperation(deps, request));
}
