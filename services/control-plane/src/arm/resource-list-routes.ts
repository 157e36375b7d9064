import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ManagedCluster } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { ArmError } from "./arm-error.ts";
import { clusterPage } from "./cluster-page.ts";
import { toResourceMembers } from "./managed-cluster-wire.ts";
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

function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const [filter, expand] = [valueOf(request, "$filter"), valueOf(request, "$expand")];
  const [matching, expansions] = [readResourceFilter(filter), readExpansions(expand)];
  return clusterPage(deps, request, {
    action: `${CLUSTER_TYPE}/read`,
    matching,
    path: "/resources",
    query: { ...(matching && { $filter: String(filter) }), ...(expansions.length > 0 && { $expand: String(expand) }) },
    show: (cluster) => toResourceBody(cluster, expansions),
  });
}

/** `az resource list`: resources of a subscription or group, those of them that whoever asks may read. Clusters are all that has an address there. */
export function resourceListRoutes(app: FastifyInstance, deps: Deps): void {
  app.get("/subscriptions/:sub/resources", (request) => list(deps, request));
  app.get("/subscriptions/:sub/resourceGroups/:group/resources", (request) => list(deps, request));
}
