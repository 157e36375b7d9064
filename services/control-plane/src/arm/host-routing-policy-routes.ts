import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { as, type Instant } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { decidePolicy } from "../enablement/decide-policy.ts";
import { ArmError, armError } from "./arm-error.ts";
import { changeCluster } from "./change-cluster.ts";
import { readPolicyMembers } from "./host-routing-body.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { readHostRouting } from "./read-host-routing.ts";
import { pathOf, principalOf } from "./request-context.ts";
import { HOST_ROUTING_TYPE, CLUSTER_TYPE } from "./resource-ids.ts";

const header = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(",") : value);

const isDefault = (request: FastifyRequest): boolean =>
  ((request.params as { readonly routing?: string }).routing ?? "").toLowerCase() === "default";

/** A cluster has one host routing and no other can be made. @throws ArmError 400 on PUT, 404 elsewhere, also where there is no such cluster. */
async function judgeName(deps: Deps, request: FastifyRequest): Promise<void> {
  if (isDefault(request)) return;
  const { routing = "" } = request.params as { readonly routing?: string };
  const { name } = await findCluster(deps, request);
  if (request.method === "PUT")
    throw new ArmError(400, { code: "InvalidResourceName", message: `The name must be 'default', not '${routing}'.`, target: "name" });
  throw armError(404, "ResourceNotFound", `The managed cluster '${name}' has no '${routing}' among its hostRoutings; there is 'default'.`);
}

async function read(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  await judgeName(deps, request);
  return readHostRouting(deps, request, reply);
}

async function write(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  await judgeName(deps, request);
  const cluster = await findCluster(deps, request);
  const wanted = {
    name: pathOf(request).name,
    members: readPolicyMembers(request.body),
    isWhole: request.method === "PUT",
    preconditions: { ifMatch: header(request.headers["if-match"]), ifNoneMatch: header(request.headers["if-none-match"]) },
    principal: principalOf(request),
    now: as<Instant>(deps.clock.now()),
  };
  await changeCluster(deps, request, { id: cluster.id, decide: (locked) => decidePolicy(locked, wanted) });
  void deps.doorbell.ring(cluster.id);
  return readHostRouting(deps, request, reply);
}

/** The resource itself: read, and the rollout policy written as a whole (PUT) or in part (PATCH). */
export function hostRoutingPolicyRoutes(app: FastifyInstance, deps: Deps): void {
  const type = HOST_ROUTING_TYPE.slice(CLUSTER_TYPE.length);
  const address = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name${type}/:routing`;
  app.get(address, (request, reply) => read(deps, request, reply));
  app.put(address, (request, reply) => write(deps, request, reply));
  app.patch(address, (request, reply) => write(deps, request, reply));
}
