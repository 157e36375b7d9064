import { builtInRoles } from "@hostrouting/domain";
import type { RoleAssignment } from "@hostrouting/store";
import { ArmError, manyFaults, type ArmFault } from "./arm-error.ts";
import { isGuid } from "./resource-ids.ts";
import { roleDefinitionId } from "./role-definition-routes.ts";

const TYPE = "Microsoft.Authorization/roleAssignments";
const PRINCIPAL_TYPES = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"];
const DESCRIPTION_MAX = 1_024;
const ROLE_ID = /^(?:\/subscriptions\/[^/]+)?\/providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/i;

/** Who is to get which role. */
export type AssignmentWish = Pick<RoleAssignment, "principalId" | "principalType" | "roleId" | "description">;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const fault = (code: string, message: string, target: string): ArmFault => ({ code, message, target: `properties.${target}` });

function faultsOf(properties: Readonly<Record<string, unknown>>, roleId: string | undefined): readonly ArmFault[] {
  const { principalId, principalType, condition, description, roleDefinitionId: role } = properties;
  const found: ArmFault[] = [];
  if (typeof principalId !== "string" || !isGuid(principalId))
    found.push(
      fault("InvalidPrincipalId", `The Principal ID '${String(principalId).slice(0, 64)}' is not valid. It must be a GUID.`, "principalId"),
    );
  if (roleId === undefined)
    found.push(
      fault(
        "RoleDefinitionDoesNotExist",
        `The specified role definition with ID '${String(role).slice(0, 200)}' does not exist.`,
        "roleDefinitionId",
      ),
    );
  if (principalType !== undefined && principalType !== null && !PRINCIPAL_TYPES.some((one) => one === principalType))
    found.push(fault("InvalidParameter", `The principal type must be one of ${PRINCIPAL_TYPES.join(", ")}.`, "principalType"));
  // An assignment whose condition nobody checks would give more than was meant.
  if (condition !== undefined && condition !== null)
    found.push(fault("RoleAssignmentConditionNotSupported", "Role assignments with conditions are not supported.", "condition"));
  if (description !== undefined && description !== null && (typeof description !== "string" || description.length > DESCRIPTION_MAX))
    found.push(fault("InvalidParameter", `The description must be text of at most ${DESCRIPTION_MAX} characters.`, "description"));
  return found;
}

/** Reads the body of a PUT. @throws ArmError 400 with every fault. */
export function readAssignmentBody(body: unknown): AssignmentWish {
  const properties = isObject(body) ? body["properties"] : undefined;
  if (!isObject(properties))
    throw new ArmError(400, { code: "InvalidRequestContent", message: "The body must be an object with the member 'properties'." });
  const { principalId, principalType, description, roleDefinitionId: role } = properties;
  const named = typeof role === "string" ? ROLE_ID.exec(role)?.[1]?.toLowerCase() : undefined;
  const roleId = builtInRoles.find((one) => one.id === named)?.id;
  const [first, ...more] = faultsOf(properties, roleId);
  if (first !== undefined) throw new ArmError(400, manyFaults([first, ...more]));
  return {
    principalId: String(principalId).toLowerCase(),
    principalType: typeof principalType === "string" ? principalType : "User",
    roleId: roleId ?? "",
    description: typeof description === "string" ? description : undefined,
  };
}

/** Maps an assignment to the wire. */
export function toAssignmentBody(assignment: RoleAssignment): Readonly<Record<string, unknown>> {
  const { createdAt, createdBy } = assignment;
  const updated = assignment.updated ?? { at: createdAt, by: createdBy };
  return {
    id: `${assignment.displayScope}/providers/${TYPE}/${assignment.id}`,
    name: assignment.id,
    type: TYPE,
    properties: {
      roleDefinitionId: roleDefinitionId(assignment.scope.split("/")[2], assignment.roleId),
      principalId: assignment.principalId,
      principalType: assignment.principalType,
      scope: assignment.displayScope,
      description: assignment.description ?? null,
      condition: null,
      conditionVersion: null,
      createdOn: new Date(createdAt).toISOString(),
      updatedOn: new Date(updated.at).toISOString(),
      createdBy,
      updatedBy: updated.by,
      delegatedManagedIdentityResourceId: null,
    },
  };
}
