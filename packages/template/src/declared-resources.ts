import type { Frame } from "./evaluation-context.ts";
import { TemplateFault } from "./evaluation-fault.ts";
import { knownNow, loopCount } from "./evaluate-tree.ts";
import { isArray, isObject, type JsonObject, type JsonValue, memberOf } from "./json-value.ts";
import { isAddressable, resourceIdOf, scopeId } from "./resource-id.ts";

/** A resource as the template writes it, in one round of its loop. */
export type DeclaredResource = {
  readonly resource: JsonObject;
  readonly path: string;
  readonly symbolicName?: string | undefined;
  readonly copies: ReadonlyMap<string, number>;
  readonly copy?: { readonly name: string; readonly index: number; readonly batchSize: number | undefined } | undefined;
};

/** Type, name and id of a declared resource. */
export type ResourceIdentity = { readonly type: string; readonly name: string; readonly apiVersion: string; readonly id: string };

/** A resource of the template with its path: of an array, or of an object by symbolic names. */
export function listResources(
  resources: JsonValue | undefined,
  path: string,
): { resource: JsonValue; path: string; symbolicName?: string }[] {
  if (resources !== undefined && isArray(resources)) return resources.map((resource, index) => ({ resource, path: `${path}[${index}]` }));
  if (!isObject(resources)) return [];
  return Object.entries(resources).map(([symbolicName, resource]) => ({ resource, path: `${path}.${symbolicName}`, symbolicName }));
}

/** The rounds of a resource's loop, or the one resource. Throws TemplateFault. */
export function expandLoop(declared: DeclaredResource, frame: Frame): DeclaredResource[] {
  const loop = memberOf(declared.resource, "copy");
  if (loop === undefined) return [declared];
  const name = isObject(loop) ? memberOf(loop, "name") : undefined;
  if (!isObject(loop) || typeof name !== "string")
    throw new TemplateFault(
      "The template 'copy' definition must be an object with name and count. Please see https://aka.ms/arm-copy for usage details.",
    );
  const count = loopCount(loop, frame);
  const batchSize = serialBatch(loop);
  return Array.from({ length: count }, (_, index) => ({
    ...declared,
    copies: new Map(declared.copies).set(name.toLowerCase(), index).set("", index),
    copy: { name, index, batchSize },
  }));
}

/** How many rounds of a serial loop may run at a time; undefined: all. */
function serialBatch(loop: JsonObject): number | undefined {
  const mode = memberOf(loop, "mode") ?? "parallel";
  const batchSize = memberOf(loop, "batchSize") ?? 1;
  if (typeof mode !== "string" || !["serial", "parallel"].includes(mode.toLowerCase()))
    throw new TemplateFault("The template 'copy' definition has an invalid value: mode must be 'serial' or 'parallel'");
  if (mode.toLowerCase() === "parallel") return undefined;
  if (typeof batchSize !== "number" || !Number.isInteger(batchSize) || batchSize < 1)
    throw new TemplateFault("The template 'copy' definition has an invalid value: batchSize must be a positive integer");
  return batchSize;
}

function requiredText(resource: JsonObject, member: string, frame: Frame): string {
  const value = memberOf(resource, member) ?? null;
  const text = typeof value === "string" ? knownNow(value, frame) : value;
  if (typeof text !== "string" || text === "")
    throw new TemplateFault(
      `The template resource has no valid '${member}': it must be a string. Please see https://aka.ms/arm-syntax-resources for usage details.`,
    );
  return text;
}

/** Evaluates what a resource is, below its parent when it stands within one. Throws TemplateFault. */
export function identify({ resource }: DeclaredResource, frame: Frame, parent: ResourceIdentity | undefined): ResourceIdentity {
  const before = frame.secure;
  frame.secure = false;
  const [ownType, ownName] = [requiredText(resource, "type", frame), requiredText(resource, "name", frame)];
  const apiVersion = requiredText(resource, "apiVersion", frame);
  const scope = scopeOf(resource, ownType, frame);
  if (frame.secure) throw new TemplateFault("The name, type or scope of a resource is made of a secure parameter, and would be shown");
  frame.secure = before;
  const type = parent === undefined ? ownType : `${parent.type}/${ownType}`;
  const name = parent === undefined ? ownName : `${parent.name}/${ownName}`;
  const id = resourceIdOf(scope, type, name.split("/"));
  if (id === undefined || name.split("/").includes(""))
    throw new TemplateFault(
      `The template resource '${name.slice(0, 200)}' for type '${type.slice(0, 200)}' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage details.`,
    );
  if (!isAddressable(id) || !isAddressable(apiVersion))
    throw new TemplateFault(
      `The template resource '${name.slice(0, 200)}' has a name, scope or apiVersion that no address can have: '.', '..', the character U+0000, or half a surrogate pair.`,
    );
  return { type, name, apiVersion, id };
}

/**
 * The scope that the id of a resource begins with: the group, or the resource that it extends. Only a nested deployment, and what is `existing` (as Bicep
 * writes it), may name another group: passed over for others, a resource would be made where it was not meant to be.
 */
function scopeOf(resource: JsonObject, type: string, frame: Frame): string {
  const own = frame.context.input.scope;
  const optional = (member: string): string | undefined =>
    memberOf(resource, member) === undefined ? undefined : requiredText(resource, member, frame);
  const [elsewhere] = ["subscriptionId", "resourceGroup"].filter((member) => memberOf(resource, member) !== undefined);
  const isExisting = memberOf(resource, "existing") === true;
  if (elsewhere !== undefined && !isDeployment(type) && !isExisting)
    throw new TemplateFault(
      `A template resource of type '${type.slice(0, 200)}' cannot have '${elsewhere}': only nested deployments and existing resources can name another group. Leave it out, and deploy the resource with a template to the group that it is meant for`,
    );
  if (isDeployment(type) || (isExisting && memberOf(resource, "scope") === undefined)) {
    const group = optional("resourceGroup") ?? own.resourceGroup.name;
    return scopeId({
      ...own,
      subscriptionId: optional("subscriptionId") ?? own.subscriptionId,
      resourceGroup: { ...own.resourceGroup, name: group },
    });
  }
  const scope = optional("scope");
  if (scope === undefined) return scopeId(own);
  return scope.startsWith("/") ? scope.replace(/\/$/, "") : `${scopeId(own)}/providers/${scope}`;
}

/** Whether a type is that of deployments within deployments. */
export function isDeployment(type: string): boolean {
  return type.toLowerCase() === "microsoft.resources/deployments";
}

/** Whether a resource is to be deployed. Throws TemplateFault. */
export function conditionOf(resource: JsonObject, frame: Frame): boolean {
  const written = memberOf(resource, "condition") ?? true;
  const condition = typeof written === "string" ? knownNow(written, frame) : written;
  if (typeof condition !== "boolean")
    throw new TemplateFault("The 'condition' of a template resource must be true or false, or an expression that gives it");
  return condition;
}
