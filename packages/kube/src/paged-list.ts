import { AppError } from "@hostrouting/domain";
import type { ApiClient } from "./api-client.ts";
import type { Collection } from "./api-watch.ts";

/** Pods of 10 KiB make a page of 5 MiB, which an API server sends well within a call's time. */
const PAGE_ITEMS = 500;
/** 200,000 items: the pods of a cluster of 5,000 nodes, with room. */
const PAGES_MAX = 400;

type Page<T> = { readonly items?: readonly T[]; readonly metadata?: { readonly continue?: string } };

/**
 * Hands over a collection page by page, as it was at one moment.
 * @throws AppError of ApiClient, and `kube.refused` when the collection does not end; what was handed over is then not all.
 */
export async function eachPage<T>(
  client: Pick<ApiClient, "call">,
  { path, ...query }: Collection,
  onPage: (items: readonly T[]) => void,
): Promise<void> {
  let next: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const body = (await client.call({ method: "GET", path, query: { ...query, limit: String(PAGE_ITEMS), continue: next } })) as Page<T>;
    onPage(body.items ?? []);
    next = body.metadata?.continue;
    if (next === undefined || next === "") return;
  }
  throw new AppError("kube.refused", { say: `${path} has more than ${PAGES_MAX * PAGE_ITEMS} items` });
}
