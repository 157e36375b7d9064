import type { FastifyInstance, FastifyRequest } from "fastify";
import { as, type DailyUsage, type Instant } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { readPage, skipTokenAfter } from "./paging.ts";
import { CLUSTER_TYPE, HOST_ROUTING_TYPE, clusterResourceId } from "./resource-ids.ts";
import { readUsageRange, toUsage } from "./usage-wire.ts";

/** Places of pages begin with it, so that another list's token is refused. */
const SCOPE = "usage";

const placeOf = ({ day, pool }: DailyUsage): string => `${SCOPE}/${day}/${pool}`;

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  const query = request.query as Readonly<Record<string, unknown>>;
  const range = readUsageRange(query, as<Instant>(deps.clock.now()));
  const { limit, after } = readPage(query, SCOPE);
  const { usage, now } = await deps.store().usage.read(cluster.id, range);
  const open = after === undefined ? usage : usage.filter((one) => placeOf(one) > after);
  const shown = open.slice(0, limit);
  const last = shown.at(-1);
  const value = shown.map((one) => toUsage(one, now, deps.settings.nodeHourPrice));
  if (last === undefined || open.length === shown.length) return { value };
  const next = new URLSearchParams({
    "api-version": request.arm.apiVersion,
    ...range,
    $top: String(limit),
    $skipToken: skipTokenAfter(placeOf(last)),
  });
  return { value, nextLink: `${deps.settings.publicUrl}${clusterResourceId(cluster)}/hostRoutings/default/usage?${next.toString()}` };
}

/** How long nodes were enabled, by day and pool. */
export function usageRoutes(app: FastifyInstance, deps: Deps): void {
  const type = HOST_ROUTING_TYPE.slice(CLUSTER_TYPE.length);
  app.get(`/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name${type}/default/usage`, (request) =>
    list(deps, request),
  );
}
