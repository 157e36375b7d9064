import type { FastifyReply, FastifyRequest } from "fastify";
import { as, type ManagedCluster, type OperationId } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import type { Change } from "../enablement/decide-settings.ts";
import type { ArmError } from "./arm-error.ts";
import { changeCluster, type WantedChange } from "./change-cluster.ts";
import type { Preconditions } from "./etags.ts";
import { operationPath } from "./operation-wire.ts";
import { pathOf, principalOf } from "./request-context.ts";

const header = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(",") : value);

/** What every change of a cluster brings along: who, when, new ids, and under which conditions. */
export function changeOf(deps: Deps, request: FastifyRequest): Change & { readonly preconditions: Preconditions } {
  return {
    name: pathOf(request).name,
    principal: principalOf(request),
    operationId: as<OperationId>(deps.newId()),
    etag: deps.newId(),
    now: new Date(deps.clock.now()).toISOString(),
    preconditions: { ifMatch: header(request.headers["if-match"]), ifNoneMatch: header(request.headers["if-none-match"]) },
  };
}

/**
 * Changes a cluster under lock; the bell rings after the commit and its failure costs latency only.
 * @throws ArmError as it was decided
 */
export async function acceptChange<R>(deps: Deps, request: FastifyRequest, { id, decide }: WantedChange<R>): Promise<Exclude<R, ArmError>> {
  let hasChanged = false;
  const result = await changeCluster(deps, request, {
    id,
    decide: (locked) => {
      const decision = decide(locked);
      hasChanged = decision.change !== undefined;
      return decision;
    },
  });
  if (hasChanged) void deps.doorbell.ring(id);
  return result;
}

/** Absolute URL of the status of an operation, with the api-version of the request that it answers. */
export function operationUrl(
  deps: Deps,
  request: FastifyRequest,
  operation: { cluster: Pick<ManagedCluster, "subscriptionId" | "location">; operationId: string },
): string {
  const path = operationPath(operation.cluster, operation.operationId);
  return `${deps.settings.publicUrl}${path}?api-version=${encodeURIComponent(request.arm.apiVersion)}`;
}

/** Names the operation that a client is to follow. `t` tells the result's address what it is the result of: clients replay it untouched. */
export function followOperation(
  deps: Deps,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  operation: Parameters<typeof operationUrl>[2] & { readonly resultOf?: "patch" | "delete" },
): void {
  const status = operationUrl(deps, request, operation);
  reply.header("azure-asyncoperation", status).header("retry-after", deps.settings.retryAfterSeconds);
  if (operation.resultOf !== undefined)
    reply.header("location", `${status.replace("/operations/", "/operationresults/")}&t=${operation.resultOf}`);
}
