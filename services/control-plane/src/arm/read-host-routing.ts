import type { FastifyReply, FastifyRequest } from "fastify";
import type { Deps } from "../deps.ts";
import { toHostRoutingBody } from "./host-routing-wire.ts";
import { findCluster } from "./managed-cluster-routes.ts";

/**
 * `hostRoutings/default` as it is now.
 * @param reply gets the version as a header; absent where the resource is one of a list.
 * @throws ArmError 404 where there is no such cluster.
 */
export async function readHostRouting(deps: Deps, request: FastifyRequest, reply?: FastifyReply): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  const [{ status, rolloutPolicy }, [operation]] = await Promise.all([
    deps.store().clusters.status(cluster.id),
    deps.store().operations.list(cluster.id, 1),
  ]);
  const body = toHostRoutingBody({ cluster, status, rolloutPolicy, operation });
  reply?.header("etag", `"${body.etag}"`);
  return body;
}
