import type { FastifyInstance, FastifyRequest } from "fastify";
import { as, type ClusterId, type ManagedCluster } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { shownScopes } from "./access.ts";
import { ArmError } from "./arm-error.ts";
import { fitReply } from "./fit-reply.ts";
import { toResourceMembers } from "./managed-cluster-wire.ts";
import { readPage, skipTokenAfter } from "./paging.ts";
import { pathOf } from "./request-context.ts";
import { readResourceFilter } from "./resource-filter.ts";
import { CLUSTER_TYPE } from "./resource-ids.ts";

/** What `$expand` can add to a resource. */
const EXPANSIONS = {
  createdtime: ({ systemData }: ManagedCluster) => ({ createdTime: systemData.createdAt }),
  changedtime: ({ systemData }: ManagedCluster) => ({ changedTime: systemData.lastModifiedAt }),
  provisioningstate: ({ provisioningState }: ManagedCluster) => ({ provisioningState }),
} as const;
type Expansion = keyof typeof EXPANSIONS;

/** A parameter of the query as it came, also where it came twice. */
function valueOf(request: FastifyRequest, name: string): unknown {
  const query = request.query as Readonly<Record<string, unknown>>;
  return query[Object.keys(query).find((key) => key.toLowerCase() === name) ?? ""];
}

/** @throws ArmError 400 `InvalidExpandInQueryString`. */
function readExpansions(expand: unknown): readonly Expansion[] {
  if (expand === undefined || expand === "") return [];
  const words = typeof expand === "string" ? expand.split(",").map((word) => word.trim().toLowerCase()) : [""];
  const known = (Object.keys(EXPANSIONS) as Expansion[]).filter((name) => words.includes(name));
  if (words.every((word) => Object.hasOwn(EXPANSIONS, word))) return known;
  throw new ArmError(400, {
    code: "InvalidExpandInQueryString",
    message: "$expand must be one or more of createdTime, changedTime and provisioningState, with commas between.",
    target: "$expand",
  });
}

/** A resource as lists of resources of every type show it: without `properties`. */
function toResourceBody(cluster: ManagedCluster, expansions: readonly Expansion[]): Readonly<Record<string, unknown>> {
  return {
    ...toResourceMembers(cluster),
    ...Object.assign({}, ...expansions.map((name) => EXPANSIONS[name](cluster))),
  };
}

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const { subscriptionId, resourceGroup } = pathOf(request);
  const scope = `/subscriptions/${subscriptionId}`.toLowerCase();
  const { limit, after } = readPage(request.query as Readonly<Record<string, unknown>>, scope);
  const [filter, expand] = [valueOf(request, "$filter"), valueOf(request, "$expand")];
  const [matching, expansions] = [readResourceFilter(filter), readExpansions(expand)];
  const within = shownScopes(request, `${CLUSTER_TYPE}/read`);
  // One more than fits tells whether there is a next page.
  const found = await deps.store().clusters.list({
    subscriptionId,
    ...(resourceGroup !== "" && { resourceGroup }),
    ...(after !== undefined && { after: as<ClusterId>(after) }),
    ...(within && { within }),
    ...(matching && { matching }),
    limit: limit + 1,
  });
  const value = fitReply(found.slice(0, limit).map((cluster) => toResourceBody(cluster, expansions)));
  const last = found[value.length - 1];
  if (last === undefined || found.length === value.length) return { value };
  const query = new URLSearchParams({
    "api-version": request.arm.apiVersion,
    ...(matching && { $filter: String(filter) }),
    ...(expansions.length > 0 && { $expand: String(expand) }),
    $top: String(limit),
    $skipToken: skipTokenAfter(last.id),
  });
  const group = resourceGroup === "" ? "" : `/resourceGroups/${encodeURIComponent(resourceGroup)}`;
  return { value, nextLink: `${deps.settings.publicUrl}${scope}${group}/resources?${query.toString()}` };
}

/** `az resource list`: resources of a subscription or group, those of them that whoever asks may read. Clusters are all that has an address there. */
export function resourceListRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/subscriptions/:sub/resources", (request) => list(deps, request));
  app.get("/subscriptions/:sub/resourceGroups/:group/resources", (request) => list(deps, request));
}
