import { builtInRoles, type Role } from "./built-in-roles.ts";

/** A role that somebody has at a scope and everywhere below it. */
export type Grant = {
  /** Resource id in lower case, without a slash at its end. */
  readonly scope: string;
  /** GUID of the role; one that is unknown allows nothing. */
  readonly roleId: string;
};

/** What somebody wants to do, and to what (a resource id or an address below one, in lower case). */
export type AccessQuestion = { readonly action: string; readonly scope: string };

const roles = new Map(builtInRoles.map((role) => [role.id, role]));

/** Whether a pattern like `Microsoft.Authorization/`, `*`, `/Write` fits an action as a whole. `*` stands for anything, slashes too. */
function fits(pattern: string, action: string): boolean {
  const [first = "", ...rest] = pattern.toLowerCase().split("*");
  const text = action.toLowerCase();
  if (rest.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** Whether a role allows an action. What one role takes out (`notActions`) another one may still allow. */
export function roleAllows(role: Pick<Role, "actions" | "notActions">, action: string): boolean {
  return role.actions.some((one) => fits(one, action)) && !role.notActions.some((one) => fits(one, action));
}

/** Whether one scope is the other one, or lies below it. Whole parts count: group `a` is not above group `ab`. */
export function isAtOrBelow(scope: string, upper: string): boolean {
  return scope === upper || scope.startsWith(`${upper}/`);
}

function allows(grant: Grant, action: string): boolean {
  const role = roles.get(grant.roleId);
  return role !== undefined && roleAllows(role, action);
}

/** Whether grants allow it: one at the scope or above it is enough. */
export function isGranted(grants: readonly Grant[], { action, scope }: AccessQuestion): boolean {
  return grants.some((grant) => isAtOrBelow(scope, grant.scope) && allows(grant, action));
}

/** The scopes below `scope` at which grants allow it, each once. */
export function grantedBelow(grants: readonly Grant[], { action, scope }: AccessQuestion): readonly string[] {
  const found = grants.filter((grant) => grant.scope !== scope && isAtOrBelow(grant.scope, scope) && allows(grant, action));
  return [...new Set(found.map((grant) => grant.scope))];
}

/** The scope itself and all above it: where a grant counts for it. */
export function scopesAbove(scope: string): readonly string[] {
  const parts = scope.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 2).join("/"));
}
