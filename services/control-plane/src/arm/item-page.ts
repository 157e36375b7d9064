import type { FastifyRequest } from "fastify";
import type { ManagedCluster } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { fitReply } from "./fit-reply.ts";
import { clusterResourceId } from "./resource-ids.ts";
import { skipTokenAfter } from "./paging.ts";

/** A part of a list below a cluster: at most as many as a page holds, and one more where there is a next page. */
export type ItemPage<T> = {
  readonly cluster: ManagedCluster;
  /** Where the list stands below the cluster; `hostRoutings/default` where nothing is said. */
  readonly under?: string;
  /** What the list is called in the address. */
  readonly list: string;
  /** Most that the page may hold. */
  readonly limit: number;
  readonly items: readonly T[];
  /** The place of an item, from which the next page goes on. */
  readonly placeOf: (item: T) => string;
  readonly show: (item: T) => unknown;
};

/** The page as ARM has it, as long as a reply may be at most; `nextLink` where there is more. */
export function showPage<T>(deps: Deps, request: FastifyRequest, page: ItemPage<T>): Readonly<Record<string, unknown>> {
  const { items, list, limit, under = "hostRoutings/default" } = page;
  const value = fitReply(items.slice(0, limit).map(page.show));
  const last = items[value.length - 1];
  if (last === undefined || items.length === value.length) return { value };
  const query = new URLSearchParams({
    "api-version": request.arm.apiVersion,
    $top: String(limit),
    $skipToken: skipTokenAfter(`${list}/${page.placeOf(last)}`),
  });
  return {
    value,
    nextLink: `${deps.settings.publicUrl}${clusterResourceId(page.cluster)}/${under}/${list}?${query.toString()}`,
  };
}
