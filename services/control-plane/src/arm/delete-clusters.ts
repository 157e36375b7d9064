import type { FastifyRequest } from "fastify";
import type { ClusterId } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { decideDelete } from "../enablement/decide-delete.ts";
import { acceptChange, changeOf } from "./follow-operation.ts";

/** Clusters in one read. */
const PAGE = 100;

/**
 * Begins the deletion of every cluster of a subscription (or of one group in it), as DELETE of each would; those that are being deleted go on. How many there
 * were: none are left when it is 0.
 */
export async function deleteClusters(
  deps: Deps,
  request: FastifyRequest,
  scope: { readonly subscriptionId: string; readonly resourceGroup?: string },
): Promise<number> {
  let count = 0;
  for (let after: ClusterId | undefined; ;) {
    const page = await deps.store().clusters.list({ ...scope, ...(after !== undefined && { after }), limit: PAGE });
    for (const { id, name } of page) {
      const given = { ...changeOf(deps, request), name, preconditions: { ifMatch: undefined, ifNoneMatch: undefined } };
      await acceptChange(deps, request, { id, decide: (locked) => decideDelete(locked, given) });
    }
    count += page.length;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return count;
  }
}
