import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  as,
  maintenanceConfigurationNames,
  type Instant,
  type MaintenanceConfiguration,
  type MaintenanceConfigurationName,
  type ManagedCluster,
} from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { decideMaintenance, type MaintenanceDecision } from "../enablement/decide-maintenance.ts";
import { changeCluster } from "./change-cluster.ts";
import { ArmError } from "./arm-error.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { principalOf } from "./request-context.ts";
import { CLUSTER_TYPE, clusterResourceId } from "./resource-ids.ts";

const TYPE = `${CLUSTER_TYPE}/maintenanceConfigurations`;

/** Names are compared without letter case, as all names in an address. @throws ArmError 400 `InvalidParameter` */
function nameOf(request: FastifyRequest): MaintenanceConfigurationName {
  const { configName = "" } = request.params as { readonly configName?: string };
  const name = maintenanceConfigurationNames.find((known) => known.toLowerCase() === configName.toLowerCase());
  if (name !== undefined) return name;
  const message = `The maintenance configuration must be one of ${maintenanceConfigurationNames.join(", ")}.`;
  throw new ArmError(400, { code: "InvalidParameter", message, target: "configName" });
}

type Named = { readonly name: MaintenanceConfigurationName; readonly properties: MaintenanceConfiguration };

function toBody(cluster: ManagedCluster, { name, properties }: Named): Readonly<Record<string, unknown>> {
  return { id: `${clusterResourceId(cluster)}/maintenanceConfigurations/${name}`, name, type: TYPE, properties };
}

async function get(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const name = nameOf(request);
  const cluster = await findCluster(deps, request);
  const properties = (await deps.store().clusters.maintenance(cluster.id))[name];
  if (properties !== undefined) return toBody(cluster, { name, properties });
  const message = `The maintenance configuration '${name}' of the managed cluster '${cluster.name}' was not found.`;
  throw new ArmError(404, { code: "ResourceNotFound", message });
}

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  const found = await deps.store().clusters.maintenance(cluster.id);
  const named = maintenanceConfigurationNames.flatMap((name) => {
    const properties = found[name];
    return properties === undefined ? [] : [{ name, properties }];
  });
  return { value: named.map((each) => toBody(cluster, each)) };
}

type Changed = { readonly cluster: ManagedCluster; readonly name: MaintenanceConfigurationName } & Exclude<
  MaintenanceDecision["result"],
  ArmError
>;

async function change(deps: Deps, request: FastifyRequest, isRemoval: boolean): Promise<Changed> {
  const name = nameOf(request);
  const cluster = await findCluster(deps, request);
  const wanted = { name, body: request.body, isRemoval, principal: principalOf(request), now: as<Instant>(deps.clock.now()) };
  const result = await changeCluster(deps, request, { id: cluster.id, decide: (locked) => decideMaintenance(locked, wanted) });
  void deps.doorbell.ring(cluster.id);
  return { cluster, name, ...result };
}

async function put(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { cluster, name, configuration, wasThere } = await change(deps, request, false);
  reply.code(wasThere ? 200 : 201);
  return configuration && toBody(cluster, { name, properties: configuration });
}

/** AKS' maintenance configurations of a cluster: when its nodes may be disturbed. */
export function maintenanceRoutes(app: FastifyInstance, deps: Deps): void {
  const base = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name/maintenanceConfigurations`;
  app.get(base, (request) => list(deps, request));
  app.get(`${base}/:configName`, (request) => get(deps, request));
  app.put(`${base}/:configName`, (request, reply) => put(deps, request, reply));
  app.delete(`${base}/:configName`, async (request, reply) => {
    const { wasThere } = await change(deps, request, true);
    return reply.code(wasThere ? 200 : 204).send();
  });
}
