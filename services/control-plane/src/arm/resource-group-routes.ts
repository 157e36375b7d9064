import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { FullResourceGroup } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { decideGroupPatch, decideGroupPut, type GroupAccepted } from "../enablement/decide-resource-group.ts";
import { retryLostRaces } from "../enablement/retry-lost-races.ts";
import { shownScopes } from "./access.ts";
import { ArmError, armError } from "./arm-error.ts";
import { auditEntry } from "./audit-hook.ts";
import { readPage, skipTokenAfter } from "./paging.ts";
import { pathOf, principalOf } from "./request-context.ts";
import { isGuid } from "./resource-ids.ts";
import { groupNotFound } from "./subscription-scope.ts";
import { readGroupBody, readTagFilter, toGroupBody } from "./resource-group-body.ts";

type Query = Readonly<Record<string, unknown>>;

/** @throws ArmError 404 `ResourceGroupNotFound`. */
async function find(deps: Deps, request: FastifyRequest): Promise<FullResourceGroup> {
  const { subscriptionId, resourceGroup } = pathOf(request);
  const group = await deps.store().resourceGroups.get(subscriptionId, resourceGroup);
  if (group !== undefined) return group;
  throw groupNotFound(resourceGroup);
}

async function change(deps: Deps, request: FastifyRequest): Promise<GroupAccepted> {
  const { subscriptionId, resourceGroup: name } = pathOf(request);
  const body = readGroupBody(request.body);
  const result = await retryLostRaces(() =>
    deps
      .store()
      .resourceGroups.change(
        { subscriptionId, name },
        (stored) =>
          request.method === "PUT"
            ? decideGroupPut(stored, { subscriptionId: subscriptionId.toLowerCase(), displayName: name }, body)
            : decideGroupPatch(stored, name, body),
        auditEntry(request),
      ),
  );
  if (result instanceof ArmError) throw result;
  request.arm.isAudited = true;
  return result;
}

async function write(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { group, isNew } = await change(deps, request);
  reply.code(isNew ? 201 : 200);
  return toGroupBody(group);
}

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const { subscriptionId } = pathOf(request);
  const query = request.query as Query;
  const scope = `/subscriptions/${subscriptionId}/resourcegroups`.toLowerCase();
  const { limit, after } = readPage(query, scope);
  const tag = readTagFilter(query["$filter"]);
  const place = after === undefined ? {} : { after: after.slice(scope.length + 1) };
  // A group with anything in it that may be read is shown, as its own address shows it.
  const names = shownScopes(request)?.map((one) => one.split("/")[4] ?? "");
  // One more than fits tells whether there is a next page.
  const found = await deps
    .store()
    .resourceGroups.list({ subscriptionId, ...place, ...(names && { names }), ...(tag && { tag }), limit: limit + 1 });
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  if (last === undefined || found.length === shown.length) return { value: shown.map(toGroupBody) };
  const next = new URLSearchParams({
    "api-version": request.arm.apiVersion,
    $top: String(limit),
    ...(tag && { $filter: String(query["$filter"]) }),
    $skipToken: skipTokenAfter(`${scope}/${last.displayName.toLowerCase()}`),
  });
  return { value: shown.map(toGroupBody), nextLink: `${deps.settings.publicUrl}${scope}?${next.toString()}` };
}

/** Where a removal is followed, as an absolute URL. */
function followRemoval(deps: Deps, reply: FastifyReply, id: string): FastifyReply {
  const { request } = reply;
  const { subscriptionId } = pathOf(request);
  const place = `${deps.settings.publicUrl}/subscriptions/${subscriptionId}/operationresults/${id}`;
  return reply
    .code(202)
    .header("location", `${place}?api-version=${encodeURIComponent(request.arm.apiVersion)}`)
    .header("retry-after", deps.settings.retryAfterSeconds)
    .send();
}

/**
 * A group goes with all that is in it: from now on it takes nothing, each cluster is deleted by an operation of its own, and the group goes last. One
 * with nothing in it is gone at once.
 */
async function remove(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { subscriptionId, resourceGroup: name } = pathOf(request);
  const id = deps.newId();
  const removal = { id, subscriptionId, name, by: principalOf(request), correlationId: request.arm.correlationId };
  const begun = await deps.store().groupRemovals.begin(removal, auditEntry(request));
  if (begun === "Absent") throw groupNotFound(name);
  request.arm.isAudited = true;
  await deps.store().groupRemovals.finish(subscriptionId, name);
  return followRemoval(deps, reply, id);
}

/** Shown to whoever asked for the removal; to all others there is none, whatever their rights: they look at the group. */
async function getRemoval(deps: Deps, request: FastifyRequest<{ Params: { result: string } }>, reply: FastifyReply): Promise<FastifyReply> {
  const { result: id } = request.params;
  const { tenantId, objectId } = principalOf(request);
  const found = isGuid(id) ? await deps.store().groupRemovals.get(id) : undefined;
  const isOurs = found?.by.tenantId === tenantId && found.by.objectId === objectId;
  if (found === undefined || !isOurs || found.subscriptionId !== pathOf(request).subscriptionId.toLowerCase())
    throw armError(404, "OperationNotFound", `The operation '${id}' was not found.`);
  if (found.state === "Running") return followRemoval(deps, reply, id);
  if (found.error !== undefined) throw new ArmError(409, found.error);
  return reply.code(200).send();
}

/** Resource groups: GET, HEAD, PUT, PATCH, DELETE, lists by tag and page. */
export function resourceGroupRoutes(app: FastifyInstance, deps: Deps): void {
  const groups = "/subscriptions/:sub/resourceGroups";
  app.head(`${groups}/:group`, async (request, reply) => {
    await find(deps, request);
    return reply.code(204).send();
  });
  app.get(`${groups}/:group`, async (request) => toGroupBody(await find(deps, request)));
  app.put(`${groups}/:group`, (request, reply) => write(deps, request, reply));
  app.patch(`${groups}/:group`, (request, reply) => write(deps, request, reply));
  app.delete(`${groups}/:group`, (request, reply) => remove(deps, request, reply));
  app.get(groups, (request) => list(deps, request));
  app.get<{ Params: { result: string } }>("/subscriptions/:sub/operationresults/:result", (request, reply) =>
    getRemoval(deps, request, reply),
  );
}
