import type { Frame, Slot } from "./evaluation-context.ts";
import { Consequence, TemplateFault } from "./evaluation-fault.ts";
import { findTarget } from "./find-target.ts";
import { callFault, type FunctionCall, integerOf, textOf } from "./functions/function-call.ts";
import { dateFunctions } from "./functions/date-functions.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { referenceFunctions } from "./reference-functions.ts";
import { resourceIdFunctions, scopeId } from "./resource-id.ts";

/** A function that depends on the deployment. */
export type ContextFunction = {
  readonly least: number;
  readonly most: number;
  readonly evaluate: (call: FunctionCall, frame: Frame) => JsonValue;
};

/** Of the words of whoever calls `fail()`. */
const FAIL_CHARS_MAX = 1000;

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

/** `resourceInfo('symbolic')`: what is known of a resource without asking. */
function resourceInfo(call: FunctionCall, frame: Frame): JsonValue {
  const target = findTarget(textOf(call, 0), frame);
  if (target === undefined) throw callFault(call.name, "expects the symbolic name of a resource");
  const { id, name, type, apiVersion } = target;
  return { id, name, type, apiVersion };
}

/** `fail('why')`: ends what is being evaluated, in the words of whoever wrote the template. */
function fail(call: FunctionCall, frame: Frame): never {
  const why = textOf(call, 0);
  throw new TemplateFault(
    frame.secure
      ? 'The template language function "fail" was called, with a message that is made of a secure parameter and is not shown'
      : why.slice(0, FAIL_CHARS_MAX),
  );
}

/** `deployer()`: who deploys, as their token says. */
function deployer(call: FunctionCall, { context: { input } }: Frame): JsonObject {
  if (input.deployer === undefined)
    throw callFault(call.name, "does not know who deploys: this deployment was begun before it could be asked. Deploy again");
  return input.deployer;
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
  ...referenceFunctions,
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
  ["deployer", { least: 0, most: 0, evaluate: deployer }],
  ["fail", { least: 1, most: 1, evaluate: fail }],
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
