import type { FastifyInstance, FastifyRequest } from "fastify";
import { builtInRoles, isAtOrBelow } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { assignableScope } from "./role-assignment-routes.ts";
import { ASSIGNABLE_SCOPES } from "./route-catalogue.ts";

const TYPE = "/providers/Microsoft.Authorization/permissions";

/**
 * What whoever asks may do at a scope, by role: those given at it and above it, each once. An action is allowed where one of them names it and does not take
 * it out itself.
 */
async function list(deps: Deps, request: FastifyRequest): Promise<unknown> {
  const scope = (await assignableScope(deps, request, TYPE)).toLowerCase();
  // Of rights below nothing is said: they would be taken for rights to all that is there.
  const grants = (request.arm.access?.grants ?? []).filter((grant) => isAtOrBelow(scope, grant.scope));
  const roles = builtInRoles.filter(({ id }) => grants.some(({ roleId }) => roleId === id));
  return { value: roles.map(({ actions, notActions }) => ({ actions, notActions, dataActions: [], notDataActions: [] })) };
}

/** Permissions of the caller at a subscription, group, cluster or child of one; what portals ask before they offer something. */
export function permissionRoutes(app: FastifyInstance, deps: Deps): void {
  for (const scope of ASSIGNABLE_SCOPES) app.get(`${scope}${TYPE}`, (request) => list(deps, request));
}
