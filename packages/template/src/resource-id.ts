import type { ContextFunction } from "./context-functions.ts";
import { callFault, type FunctionCall, textOf } from "./functions/function-call.ts";
import type { DeploymentScope } from "./template-plan.ts";

/** The id of the resource group that is deployed to. */
export function scopeId({ subscriptionId, resourceGroup }: DeploymentScope): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup.name}`;
}

/** `providers/{namespace}/{type}/{name}/{type}/{name}…` behind a scope; undefined when type and name have not as many parts. */
export function resourceIdOf(scope: string, type: string, names: readonly string[]): string | undefined {
  const [namespace, ...types] = type.split("/");
  if (types.length === 0 || types.length !== names.length) return undefined;
  const pairs = types.map((one, index) => `${one}/${names[index] ?? ""}`);
  return `${scope}/providers/${namespace ?? ""}/${pairs.join("/")}`;
}

/**
 * The type of the resource that an id names, as it is written there: `Microsoft.X/a/b` of `…/providers/Microsoft.X/a/name/b/name`. Names stand at odd
 * places, and a group or a cluster may have the name `providers`. Empty for what no provider has.
 */
export function resourceTypeOf(id: string): string {
  const [, ...parts] = id.split("/");
  const at = parts.findLastIndex((part, index) => index % 2 === 0 && part.toLowerCase() === "providers");
  if (at < 0) return "";
  const [namespace = "", ...rest] = parts.slice(at + 1);
  return [namespace, ...rest.filter((_, index) => index % 2 === 0)].join("/");
}

/**
 * Whether text can stand in an address: no U+0000 and no half of a surrogate pair (functions like `substring` and `json` make them), which no URL and no
 * database takes, and no part `.` or `..`, which would lead elsewhere.
 */
export function isAddressable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000") && !/(^|\/)\.{1,2}(\/|$)/.test(text);
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The arguments of a function of ids: what stands before the type, the type, and the names. */
function parted(call: FunctionCall): { before: string[]; type: string; names: string[] } {
  const texts = call.args.map((_, at) => textOf(call, at));
  const at = texts.findIndex((text) => text.includes("/"));
  if (at < 0) throw callFault(call.name, "expects a fully qualified resource type such as 'Microsoft.ContainerService/managedClusters'");
  return { before: texts.slice(0, at), type: texts[at] ?? "", names: texts.slice(at + 1) };
}

function idOf(call: FunctionCall, scope: string, { type, names }: { type: string; names: string[] }): string {
  const id = resourceIdOf(scope, type, names);
  if (id === undefined)
    throw callFault(
      call.name,
      `expects one name for each part of the resource type '${type}' behind its namespace; ${names.length} are given`,
    );
  return id;
}

function resourceId(call: FunctionCall, own: DeploymentScope): string {
  const { before, ...rest } = parted(call);
  if (before.length > 2) throw callFault(call.name, "expects at most a subscription and a resource group before the resource type");
  const subscription = before.find((text) => GUID.test(text)) ?? own.subscriptionId;
  const group = before.length === 2 ? before[1] : before.find((text) => !GUID.test(text));
  return idOf(call, `/subscriptions/${subscription}/resourceGroups/${group ?? own.resourceGroup.name}`, rest);
}

/** Functions that write ids, by their name in lower case. */
export const resourceIdFunctions: readonly (readonly [string, ContextFunction])[] = [
  ["resourceid", { least: 2, most: Infinity, evaluate: (call, { context }) => resourceId(call, context.input.scope) }],
  [
    "subscriptionresourceid",
    {
      least: 2,
      most: Infinity,
      evaluate: (call, { context }) => {
        const { before, ...rest } = parted(call);
        return idOf(call, `/subscriptions/${before[0] ?? context.input.scope.subscriptionId}`, rest);
      },
    },
  ],
  [
    "managementgroupresourceid",
    {
      least: 2,
      most: Infinity,
      evaluate: (call) => {
        const { before, ...rest } = parted(call);
        const [group] = before;
        if (group === undefined || before.length > 1)
          throw callFault(call.name, "needs one management group before the resource type: deployments here are in none");
        return idOf(call, `/providers/Microsoft.Management/managementGroups/${group}`, rest);
      },
    },
  ],
  ["tenantresourceid", { least: 2, most: Infinity, evaluate: (call) => idOf(call, "", parted(call)) }],
  [
    "extensionresourceid",
    {
      least: 3,
      most: Infinity,
      evaluate: (call) => {
        const [scope = "", type = "", ...names] = call.args.map((_, at) => textOf(call, at));
        return idOf(call, scope, { type, names });
      },
    },
  ],
];
