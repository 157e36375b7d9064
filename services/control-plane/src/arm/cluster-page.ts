import type { FastifyRequest } from "fastify";
import { as, type ClusterId, type ManagedCluster } from "@hostrouting/domain";
import type { ClusterCondition } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { shownScopes } from "./access.ts";
import { fitReply } from "./fit-reply.ts";
import { readPage, skipTokenAfter } from "./paging.ts";
import { pathOf } from "./request-context.ts";

/**
 * A list of clusters. `action`: the right to see one, that of the route when absent; `matching`: which of them, all when absent; `path`: of the list, behind
 * subscription and group; `query`: what its next page is asked for with, beside version and place.
 */
export type ClusterListing = {
  readonly action?: string;
  readonly matching?: ClusterCondition | undefined;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  show(cluster: ManagedCluster): unknown;
};

/**
 * One page of a list by subscription or group: those clusters that whoever asks may see.
 * @throws ArmError 400 `InvalidParameter` as of {@link readPage}.
 */
export async function clusterPage(deps: Deps, request: FastifyRequest, listing: ClusterListing): Promise<unknown> {
  const { subscriptionId, resourceGroup } = pathOf(request);
  const scope = `/subscriptions/${subscriptionId}`.toLowerCase();
  const { limit, after } = readPage(request.query as Readonly<Record<string, unknown>>, scope);
  const within = shownScopes(request, listing.action);
  // One more than fits tells whether there is a next page.
  const found = await deps.store().clusters.list({
    subscriptionId,
    ...(resourceGroup !== "" && { resourceGroup }),
    ...(after !== undefined && { after: as<ClusterId>(after) }),
    ...(within && { within }),
    ...(listing.matching && { matching: listing.matching }),
    limit: limit + 1,
  });
  const value = fitReply(found.slice(0, limit).map((cluster) => listing.show(cluster)));
  const last = found[value.length - 1];
  if (last === undefined || found.length === value.length) return { value };
  const version = { "api-version": request.arm.apiVersion };
  const query = new URLSearchParams({ ...version, ...listing.query, $top: String(limit), $skipToken: skipTokenAfter(last.id) });
  const group = resourceGroup === "" ? "" : `/resourceGroups/${encodeURIComponent(resourceGroup)}`;
  return { value, nextLink: `${deps.settings.publicUrl}${scope}${group}${listing.path}?${query.toString()}` };
}
