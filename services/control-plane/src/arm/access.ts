import type { FastifyRequest } from "fastify";
import { AppError, grantedBelow, isGranted, unreachable, type Grant } from "@hostrouting/domain";
import type { GrantQuestion } from "@hostrouting/store";
import { armError, type ArmError } from "./arm-error.ts";
import { isProvidersAt } from "./arm-address.ts";
import { findRoute } from "./find-route.ts";
import type { Principal } from "./principal.ts";
import { plainPath } from "./request-context.ts";
import type { CatalogueRoute, RouteCheck } from "./route-catalogue.ts";
import { unknownRoute } from "./unknown-route.ts";

/** What a request asks for, as its route says. */
export type Asked = {
  readonly action: string;
  readonly check: RouteCheck;
  /** The address with its names as they were sent. */
  readonly address: string;
};

/** That a request may go on, and with which grants; where its route asks for no right there are none. */
export type Access = Asked & { readonly grants: readonly Grant[] };

/** A name with a slash in it stays one part of an address. */
const part = (name: string): string => name.replaceAll("/", "%2f");

/** A route's pattern, cut before and after its names: each other one is a name. */
const patterns = new Map<CatalogueRoute, readonly string[]>();

function patternOf(route: CatalogueRoute): readonly string[] {
  const known = patterns.get(route) ?? (route.on.split(" ")[1] ?? "").split(/:(\w+)/);
  patterns.set(route, known);
  return known;
}

/** A route's address with its names filled in. */
function addressOf(route: CatalogueRoute, params: Readonly<Record<string, string | undefined>>): string {
  return patternOf(route)
    .map((one, index) => (index % 2 === 0 ? one : part(params[one] ?? "")))
    .join("");
}

/**
 * What a request asks for; nothing where no route took it.
 * @throws ArmError 404 `NotFound` for a route without an entry: what nobody has given a right is open to nobody. What is forwarded to the authority has
 * none, and may be found under an address that is no token request (`/subscriptions/oauth2/x`).
 */
export function askedOf(request: FastifyRequest): Asked | undefined {
  const { url } = request.routeOptions;
  // What answers to OPTIONS is no route of ours, and shows nothing.
  if (url === undefined || request.method === "OPTIONS" || request.arm.address.kind === "Open") return undefined;
  const route = findRoute(request.method, url);
  if (route === undefined) throw unknownRoute(request.method, plainPath(request));
  const params = (request.params ?? {}) as Readonly<Record<string, string | undefined>>;
  return { action: route.action, check: route.check ?? "Scope", address: addressOf(route, params) };
}

/** The resource, group or subscription that an address is at or under: `…/managedClusters/x/abort` speaks of `…/managedClusters/x`. */
export function resourceOf(address: string): string {
  const parts = address.split("/").filter((one) => one !== "");
  const at = parts.findLastIndex(isProvidersAt);
  const head = at < 0 ? parts : parts.slice(0, at);
  const upper = head.slice(0, head.length - (head.length % 2));
  const below = at < 0 ? [] : parts.slice(at + 2);
  const pairs = below.slice(0, below.length - (below.length % 2));
  const own = pairs.length === 0 ? [] : [...parts.slice(at, at + 2), ...pairs];
  return `/${[...upper, ...own].join("/")}`;
}

function refusal(principal: Principal, { action, address }: Pick<Asked, "action" | "address">): ArmError {
  const message =
    `The client '${principal.name}' with object id '${principal.objectId}' does not have authorization to perform action '${action}' over scope ` +
    `'${resourceOf(address)}' or the scope is invalid. If access was recently granted, please refresh your credentials.`;
  return armError(403, "AuthorizationFailed", message);
}

function isAllowed({ action, check, address }: Asked, grants: readonly Grant[]): boolean {
  const scope = address.toLowerCase();
  switch (check) {
    case "Anonymous":
    case "Token":
      return true;
    case "Visible":
      return grants.length > 0;
    case "Items":
      return isGranted(grants, { action, scope }) || grantedBelow(grants, { action, scope: resourceOf(scope) }).length > 0;
    case "Scope":
      return isGranted(grants, { action, scope });
    default:
      return unreachable(check);
  }
}

/** What is asked of somebody to whom reading is enough: to write or delete a resource is to read it. Actions stay what they are. */
export function asReading(asked: Asked): Asked {
  return { ...asked, action: asked.action.replace(/\/(?:write|delete)$/i, "/read") };
}

/** Which grants decide what a request asks for; nothing where its route asks for no right. */
export function grantsAskedFor(principal: Principal, { check, address }: Asked): GrantQuestion | undefined {
  if (check === "Anonymous" || check === "Token") return undefined;
  const isOfMany = check === "Items" || check === "Visible";
  const scope = isOfMany ? resourceOf(address) : address;
  return { tenantId: principal.tenantId, principalId: principal.objectId, scope: scope.toLowerCase(), below: isOfMany };
}

/**
 * Judges what a request asks for by the grants that `grantsAskedFor` names. They are read anew for every request, so that a right that was taken away is
 * gone at once.
 * @returns what it may do; an ArmError 403 `AuthorizationFailed` otherwise.
 */
export function judgeAccess(principal: Principal, asked: Asked, grants: readonly Grant[]): Access | ArmError {
  return isAllowed(asked, grants) ? { ...asked, grants } : refusal(principal, asked);
}

/**
 * The scopes whose items a list may show; nothing when it may show them all. Only routes that are checked as `Items` or `Visible` may ask this.
 * @param action the right that an item asks for, where it is another one than the list's own.
 */
export function shownScopes(request: FastifyRequest, action = request.arm.access?.action ?? "none"): readonly string[] | undefined {
  const { access } = request.arm;
  if (access?.check !== "Items" && access?.check !== "Visible")
    throw new AppError("arm.no-items", { say: `${request.method} ${request.routeOptions.url} is no list` });
  const { address, grants } = access;
  const scope = resourceOf(address).toLowerCase();
  return isGranted(grants, { action, scope }) ? undefined : grantedBelow(grants, { action, scope });
}
