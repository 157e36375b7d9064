import type { FastifyInstance, FastifyRequest } from "fastify";
import { builtInRoles, type Role } from "@hostrouting/domain";
import { armError } from "./arm-error.ts";
import { readFilter } from "./role-filter.ts";
import { ASSIGNABLE_SCOPES } from "./route-catalogue.ts";

const TYPE = "Microsoft.Authorization/roleDefinitions";
/** Roles are as old as this product. */
const CREATED = "2026-04-01T00:00:00.000Z";

/** Resource id of a role as a subscription shows it; ARM takes it with and without one. */
export function roleDefinitionId(subscriptionId: string | undefined, roleId: string): string {
  return `${subscriptionId === undefined ? "" : `/subscriptions/${subscriptionId}`}/providers/${TYPE}/${roleId}`;
}

function toBody(subscriptionId: string | undefined, role: Role): Readonly<Record<string, unknown>> {
  return {
    id: roleDefinitionId(subscriptionId, role.id),
    name: role.id,
    type: TYPE,
    properties: {
      roleName: role.name,
      type: "BuiltInRole",
      description: role.description,
      assignableScopes: ["/"],
      permissions: [{ actions: role.actions, notActions: role.notActions, dataActions: [], notDataActions: [] }],
      createdOn: CREATED,
      updatedOn: CREATED,
      createdBy: null,
      updatedBy: null,
    },
  };
}

const subscriptionOf = (request: FastifyRequest): string | undefined => (request.params as { readonly sub?: string }).sub;

/** Roles with `$filter=roleName eq '…'` or `type eq 'BuiltInRole'`; there are no others than ours. */
function list(request: FastifyRequest): unknown {
  const filter = readFilter(request.query as Readonly<Record<string, unknown>>);
  const name = filter.roleName?.toLowerCase();
  const found = builtInRoles.filter((role) => name === undefined || role.name.toLowerCase() === name);
  const shown = filter.type === undefined || filter.type.toLowerCase() === "builtinrole" ? found : [];
  return { value: shown.map((role) => toBody(subscriptionOf(request), role)) };
}

function get(request: FastifyRequest): unknown {
  const { role: id = "" } = request.params as { readonly role?: string };
  const role = builtInRoles.find((one) => one.id === id.toLowerCase());
  if (role === undefined)
    throw armError(404, "RoleDefinitionDoesNotExist", `The specified role definition with ID '${id}' does not exist.`);
  return toBody(subscriptionOf(request), role);
}

/** The roles that there are, at every scope and without one. */
export function roleDefinitionRoutes(app: FastifyInstance): void {
  for (const scope of ["", ...ASSIGNABLE_SCOPES]) {
    app.get(`${scope}/providers/${TYPE}`, async (request) => list(request));
    app.get(`${scope}/providers/${TYPE}/:role`, async (request) => get(request));
  }
}
