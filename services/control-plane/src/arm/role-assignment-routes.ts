import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError, unreachable } from "@hostrouting/domain";
import type { AuditEntry, RoleAssignment } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { armError } from "./arm-error.ts";
import { auditEntry } from "./audit-hook.ts";
import { trialStore } from "./internal-call.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { principalOf } from "./request-context.ts";
import { isGuid } from "./resource-ids.ts";
import { readAssignmentBody, toAssignmentBody } from "./role-assignment-body.ts";
import { readFilter } from "./role-filter.ts";
import { ASSIGNABLE_SCOPES } from "./route-catalogue.ts";

const TYPE = "/providers/Microsoft.Authorization/roleAssignments";
/** Children of a cluster at which rights can be given away, in their display casing. */
const CHILD_TYPES = ["agentPools", "hostRoutings", "maintenanceConfigurations"];

/**
 * The scope that an address names, in the casing that it was sent with.
 * @param type what stands behind the scope in the address, with its provider.
 * @throws ArmError 404 for what is no resource or is not there.
 */
export async function assignableScope(deps: Deps, request: FastifyRequest, type: string): Promise<string> {
  const { name, childType } = request.params as { readonly name?: string; readonly childType?: string };
  const { address = "" } = request.arm.asked ?? {};
  if (childType !== undefined && !CHILD_TYPES.some((type) => type.toLowerCase() === childType.toLowerCase()))
    throw armError(404, "InvalidResourceType", `The resource type 'managedClusters/${childType}' could not be found.`);
  if (name !== undefined) await findCluster(deps, request);
  return address.slice(0, address.toLowerCase().lastIndexOf(type.toLowerCase()));
}

const scopeOf = (deps: Deps, request: FastifyRequest): Promise<string> => assignableScope(deps, request, TYPE);

function idOf(request: FastifyRequest): string {
  const { assignment = "" } = request.params as { readonly assignment?: string };
  if (isGuid(assignment)) return assignment.toLowerCase();
  throw armError(400, "InvalidRoleAssignmentId", `The role assignment ID '${assignment.slice(0, 64)}' is not valid. It must be a GUID.`);
}

/** The assignment of that name, if it is one of exactly this scope. */
async function find(deps: Deps, request: FastifyRequest): Promise<RoleAssignment | undefined> {
  const scope = await scopeOf(deps, request);
  const found = await deps.store().roleAssignments.get(principalOf(request).tenantId, idOf(request));
  return found?.scope === scope.toLowerCase() ? found : undefined;
}

async function get(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const found = await find(deps, request);
  if (found === undefined) throw armError(404, "RoleAssignmentNotFound", `The role assignment '${idOf(request)}' is not found.`);
  return toAssignmentBody(found);
}

async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const { atScope, principalId } = readFilter(request.query as Readonly<Record<string, unknown>>);
  const scope = (await scopeOf(deps, request)).toLowerCase();
  const question = { tenantId: principalOf(request).tenantId, principalId: principalId?.toLowerCase(), scope, below: !atScope };
  return { value: (await deps.store().roleAssignments.list(question)).map(toAssignmentBody) };
}

/** The entry that goes into the change's transaction; none within a trial, of which nothing is kept. */
function entryOf(request: FastifyRequest): AuditEntry | undefined {
  const entry = auditEntry(request);
  if (entry === undefined && trialStore() === undefined)
    throw new AppError("arm.unaudited", { say: `${request.method} ${request.url} is not audited` });
  return entry;
}

async function put(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const id = idOf(request);
  const wish = readAssignmentBody(request.body);
  const displayScope = await scopeOf(deps, request);
  const { tenantId, objectId } = principalOf(request);
  const made = await deps.store().roleAssignments.create({ ...wish, tenantId, id, displayScope, createdBy: objectId }, entryOf(request));
  switch (made.kind) {
    case "Created":
      request.arm.isAudited = true;
      reply.code(201);
      return toAssignmentBody(made.assignment);
    case "Updated":
      request.arm.isAudited = true;
      return toAssignmentBody(made.assignment);
    case "Same":
      return toAssignmentBody(made.assignment);
    case "Taken":
      throw armError(
        400,
        "RoleAssignmentUpdateNotPermitted",
        "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
      );
    case "Double":
      throw armError(409, "RoleAssignmentExists", "The role assignment already exists.");
    case "ScopeGone":
      throw armError(404, "ResourceNotFound", `'${displayScope}' is not there any more, so no role can be assigned at it.`);
    default:
      return unreachable(made);
  }
}

/** 200 with what was removed, 204 where there was nothing. */
async function remove(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const found = await find(deps, request);
  const outcome = found === undefined ? "Absent" : await deps.store().roleAssignments.remove(found, entryOf(request));
  if (outcome === "LastOwner") {
    const message =
      "The last Owner of a subscription cannot be removed: nobody could give rights away any more. Make somebody else Owner first.";
    throw armError(409, "LastOwnerCannotBeRemoved", message);
  }
  if (found === undefined || outcome === "Absent") return reply.code(204).send();
  request.arm.isAudited = true;
  return reply.code(200).send(toAssignmentBody(found));
}

/** Who has which role at a subscription, group, cluster or child of one. */
export function roleAssignmentRoutes(app: FastifyInstance, deps: Deps): void {
  for (const scope of ASSIGNABLE_SCOPES) {
    app.get(`${scope}${TYPE}`, (request) => list(deps, request));
    app.get(`${scope}${TYPE}/:assignment`, (request) => get(deps, request));
    app.put(`${scope}${TYPE}/:assignment`, (request, reply) => put(deps, request, reply));
    app.delete(`${scope}${TYPE}/:assignment`, (request, reply) => remove(deps, request, reply));
  }
}
