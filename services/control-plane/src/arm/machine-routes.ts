import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ManagedCluster } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import type { JsonObject } from "../enablement/json-object.ts";
import { poolAt } from "./agent-pool-routes.ts";
import { POOL_TYPE } from "./agent-pool-wire.ts";
import { armError } from "./arm-error.ts";
import { showPage } from "./item-page.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { readPage } from "./paging.ts";
import { CLUSTER_TYPE, clusterResourceId } from "./resource-ids.ts";

/** A pool's machines by the names of their nodes, in order. */
type PoolMachines = { readonly cluster: ManagedCluster; readonly pool: string; readonly names: readonly string[] };

/** @throws ArmError 404 for a cluster or pool that is not there; 409 as long as nobody has looked: an empty list would say that there are none. */
async function machinesOf(deps: Deps, request: FastifyRequest): Promise<PoolMachines> {
  const cluster = await findCluster(deps, request);
  const pool = String(poolAt(request, cluster)["name"]);
  const { status } = await deps.store().clusters.status(cluster.id);
  if (status === undefined) {
    const message =
      `The nodes of cluster '${cluster.name}' are not known yet: the worker has not looked at it since it was made known here. ` +
      "Ask again in a minute; if that does not help, look whether the worker runs and reaches the cluster.";
    throw armError(409, "MachinesNotKnown", message);
  }
  const nodes = status.nodes.filter((node) => node.pool.toLowerCase() === pool.toLowerCase());
  return { cluster, pool, names: nodes.map(({ name }) => name).toSorted() };
}

/** A machine with what is known of it: that it is a node of this pool. Addresses, zone and the machine's own resource id are not, and stay out. */
function toMachineBody({ cluster, pool }: PoolMachines, name: string): JsonObject {
  return { id: `${clusterResourceId(cluster)}/agentPools/${pool}/machines/${name}`, name, type: `${POOL_TYPE}/machines`, properties: {} };
}

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const machines = await machinesOf(deps, request);
  const { cluster, pool, names } = machines;
  const place = "machines";
  const { limit, after } = readPage(request.query as Readonly<Record<string, unknown>>, place);
  const left = after === undefined ? names : names.filter((name) => `${place}/${name}` > after);
  return showPage(deps, request, {
    ...{ cluster, under: `agentPools/${pool}`, list: place, limit, items: left.slice(0, limit + 1) },
    placeOf: (name) => name,
    show: (name) => toMachineBody(machines, name),
  });
}

async function get(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const machines = await machinesOf(deps, request);
  const { machine = "" } = request.params as { readonly machine?: string };
  const name = machines.names.find((one) => one.toLowerCase() === machine.toLowerCase());
  if (name !== undefined) return toMachineBody(machines, name);
  const message = `Agent pool '${machines.pool}' of cluster '${machines.cluster.name}' has no machine '${machine}', as far as the worker has seen.`;
  throw armError(404, "ResourceNotFound", message);
}

/** `az aks machine list` and `show`: the nodes of a pool as the worker saw them last. */
export function machineRoutes(app: FastifyInstance, deps: Deps): void {
  const machines = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name/agentPools/:pool/machines`;
  app.get(machines, (request) => list(deps, request));
  app.get(`${machines}/:machine`, (request) => get(deps, request));
}
