import type { Frame, Slot } from "./evaluation-context.ts";
import { Consequence, Deferred, TemplateFault } from "./evaluation-fault.ts";
import { callFault, type FunctionCall, integerOf, textOf } from "./functions/function-call.ts";
import { dateFunctions } from "./functions/date-functions.ts";
import { isObject, type JsonObject, type JsonValue, memberOf } from "./json-value.ts";
import { isAddressable, resourceIdFunctions, scopeId } from "./resource-id.ts";
import type { PlannedResource, ReferenceNeed } from "./template-plan.ts";

/** A function that depends on the deployment. */
export type ContextFunction = {
  readonly least: number;
  readonly most: number;
  readonly evaluate: (call: FunctionCall, frame: Frame) => JsonValue;
};

/** The value of a parameter or variable, found once. Throws TemplateFault. */
export function slotValue(slot: Slot, frame: Frame): JsonValue {
  if (slot.state === "running")
    throw new TemplateFault(
      `The template variable or parameter '${slot.name}' refers to itself. Please see https://aka.ms/arm-template/#parameters for usage details.`,
    );
  if (slot.state === "failed") throw new Consequence(`The template variable or parameter '${slot.name}' is not valid`);
  if (slot.state === "raw") {
    slot.state = "running";
    const inner: Frame = { ...frame, place: slot.place, args: undefined, lambda: undefined, copies: new Map(), secure: false };
    try {
      slot.value = slot.evaluate(inner);
      slot.secure ||= inner.secure;
      slot.state = "known";
    } catch (error) {
      slot.state = "failed";
      throw error;
    }
  }
  frame.secure ||= slot.secure;
  return slot.value;
}

function parameter(call: FunctionCall, frame: Frame): JsonValue {
  const name = textOf(call, 0);
  const given = frame.args?.get(name.toLowerCase());
  if (given !== undefined) return given;
  const slot = frame.args === undefined ? frame.context.parameters.get(name.toLowerCase()) : undefined;
  if (slot === undefined)
    throw new TemplateFault(
      `The template parameter '${name.slice(0, 100)}' is not found. Please see https://aka.ms/arm-template/#parameters for usage details.`,
    );
  return slotValue(slot, frame);
}

function variable(call: FunctionCall, frame: Frame): JsonValue {
  const name = textOf(call, 0);
  // a default value is found before there are variables
  const slot = frame.place === "default" || frame.place === "function" ? undefined : frame.context.variables.get(name.toLowerCase());
  if (slot === undefined)
    throw new TemplateFault(
      `The template variable '${name.slice(0, 100)}' is not found. Please see https://aka.ms/arm-template/#variables for usage details.`,
    );
  return slotValue(slot, frame);
}

/** `copyIndex(loop?, offset?)`: of the innermost loop unless one is named. */
function copyIndex(call: FunctionCall, frame: Frame): JsonValue {
  const named = typeof call.args[0] === "string";
  const index = frame.copies.get(named ? textOf(call, 0).toLowerCase() : "");
  if (index === undefined)
    throw callFault(
      call.name,
      "is not expected at this location. It can only be used in a resource, property, variable or output with 'copy'",
    );
  const at = named ? 1 : 0;
  return index + (call.args[at] === undefined ? 0 : integerOf(call, at));
}

function onlyInDefaults(call: FunctionCall, frame: Frame): void {
  if (frame.place !== "default")
    throw callFault(call.name, "is not expected at this location. It can only be used within a parameter default value");
}

function newGuid(call: FunctionCall, frame: Frame): JsonValue {
  onlyInDefaults(call, frame);
  const { guids, input } = frame.context;
  return input.newGuid(String(guids.drawn++));
}

/** The resources of the template that a text names: by symbolic name, id, type and name, name of a loop, or name. Throws TemplateFault when a name has several. */
export function findTargets(text: string, frame: Frame): readonly PlannedResource[] {
  const { targets } = frame.context;
  const found = targets.get(text.toLowerCase());
  if (found !== undefined) return found;
  const named = targets.get(`name ${text.toLowerCase()}`) ?? [];
  if (named.length > 1)
    throw new TemplateFault(`The resource name '${text.slice(0, 200)}' is that of several resources: use the id of one`);
  return named;
}

/** A fault: the template has no such resource. */
export function undefinedResource(text: string): TemplateFault {
  return new TemplateFault(
    `The resource '${text.slice(0, 200)}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.`,
  );
}

/** The resource that an expression is about; undefined for the id of one that the template does not define. Throws TemplateFault. */
function findTarget(text: string, frame: Frame): PlannedResource | undefined {
  const [found] = findTargets(text, frame);
  if (found === undefined && !text.startsWith("/")) throw undefinedResource(text);
  return found;
}

/** What `reference()` asks for. Throws TemplateFault. */
export function neededReference(call: FunctionCall, frame: Frame): ReferenceNeed {
  const text = textOf(call, 0);
  const target = findTarget(text, frame);
  const apiVersion = call.args[1] === undefined || call.args[1] === "" ? target?.apiVersion : textOf(call, 1);
  if (target === undefined && apiVersion === undefined)
    throw callFault(call.name, "needs an API version for a resource that the template does not define");
  if (!isAddressable(text) || !isAddressable(apiVersion ?? ""))
    throw callFault(call.name, "asks for an id or an API version that no address can have: '.', '..', U+0000, or half a surrogate pair");
  return { id: target?.id ?? text, apiVersion };
}

function reference(call: FunctionCall, frame: Frame): JsonValue {
  if (frame.place !== "body" && frame.place !== "output")
    throw callFault(call.name, "is not expected at this location. It can only be used in the properties of a resource and in outputs");
  const full = call.args[2] !== undefined && textOf(call, 2).toLowerCase() === "full";
  const need = neededReference(call, frame);
  const body = frame.known?.(need);
  if (body === undefined) {
    frame.needs.set(`${need.id.toLowerCase()} ${need.apiVersion ?? ""}`, need);
    throw Deferred.instance;
  }
  if (full) return { ...body, ...(need.apiVersion === undefined ? {} : { apiVersion: need.apiVersion }) };
  const properties = memberOf(body, "properties");
  return isObject(properties) ? properties : {};
}

/** `resourceInfo('symbolic')`: what is known of a resource without asking. */
function resourceInfo(call: FunctionCall, frame: Frame): JsonValue {
  const target = findTarget(textOf(call, 0), frame);
  if (target === undefined) throw callFault(call.name, "expects the symbolic name of a resource");
  const { id, name, type, apiVersion } = target;
  return { id, name, type, apiVersion };
}

function resourceGroup({ context }: Frame): JsonObject {
  const { scope } = context.input;
  const { name, location, tags } = scope.resourceGroup;
  const properties = { provisioningState: "Succeeded" };
  return { id: scopeId(scope), name, type: "Microsoft.Resources/resourceGroups", location, tags, properties };
}

function subscription({ context }: Frame): JsonObject {
  const { subscriptionId, subscriptionName, tenantId } = context.input.scope;
  return { id: `/subscriptions/${subscriptionId}`, subscriptionId, tenantId, displayName: subscriptionName };
}

/** Functions of the deployment by their name in lower case ("Deployment", "Resource" and "Scope functions for ARM templates"). */
export const contextFunctions: ReadonlyMap<string, ContextFunction> = new Map<string, ContextFunction>([
  ["parameters", { least: 1, most: 1, evaluate: parameter }],
  ["variables", { least: 1, most: 1, evaluate: variable }],
  ["copyindex", { least: 0, most: 2, evaluate: copyIndex }],
  ["newguid", { least: 0, most: 0, evaluate: newGuid }],
  ["reference", { least: 1, most: 3, evaluate: reference }],
  ["resourceinfo", { least: 1, most: 1, evaluate: resourceInfo }],
  ["resourcegroup", { least: 0, most: 0, evaluate: (_, frame) => resourceGroup(frame) }],
  ["subscription", { least: 0, most: 0, evaluate: (_, frame) => subscription(frame) }],
  [
    "tenant",
    {
      least: 0,
      most: 0,
      evaluate: (_, { context }) => ({ id: `/tenants/${context.input.scope.tenantId}`, tenantId: context.input.scope.tenantId }),
    },
  ],
  ["deployment", { least: 0, most: 0, evaluate: (_, { context }) => context.deployment }],
  ["environment", { least: 0, most: 0, evaluate: (_, { context }) => context.input.scope.environment }],
  ...resourceIdFunctions,
  ...Object.entries(dateFunctions).map(([name, { least, most, evaluate }]): [string, ContextFunction] => [
    name,
    {
      least,
      most,
      evaluate: (call, frame) => {
        if (name === "utcnow") onlyInDefaults(call, frame);
        return evaluate(call, frame.context.input.nowMs);
      },
    },
  ]),
]);
