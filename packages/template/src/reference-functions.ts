/**
 * Functions that ask for the state of resources, which is known only at run time: `reference`, `references`, and those that a resource's type offers as
 * actions (`listClusterUserCredential` and its like). While planning they are put off; which resources they ask for is said as far as it is known.
 */
import type { ContextFunction } from "./context-functions.ts";
import type { Frame } from "./evaluation-context.ts";
import { Deferred, TemplateFault } from "./evaluation-fault.ts";
import { findTarget, findTargets, isEmptyLoop, undefinedResource } from "./find-target.ts";
import { callFault, type FunctionCall, objectArgument, textOf } from "./functions/function-call.ts";
import { isObject, type JsonObject, type JsonValue, memberOf } from "./json-value.ts";
import { isAddressable, resourceTypeOf } from "./resource-id.ts";
import type { ReferenceNeed } from "./template-plan.ts";
import { admit, spend } from "./value-weight.ts";

/** What one resource is asked for. Throws TemplateFault. */
function neededResource(call: FunctionCall, frame: Frame): ReferenceNeed {
  const text = textOf(call, 0);
  const target = findTarget(text, frame);
  const apiVersion = call.args[1] === undefined || call.args[1] === "" ? target?.apiVersion : textOf(call, 1);
  if (apiVersion === undefined) throw callFault(call.name, "needs an API version for a resource that the template does not define");
  if (!isAddressable(text) || !isAddressable(apiVersion))
    throw callFault(call.name, "asks for an id or an API version that no address can have: '.', '..', U+0000, or half a surrogate pair");
  return { id: target?.id ?? text, apiVersion };
}

/** `references('loop', 'Full')`: the rounds of a loop that are deployed, in their order. */
function neededLoop(call: FunctionCall, frame: Frame): readonly ReferenceNeed[] {
  const name = textOf(call, 0);
  const targets = findTargets(name, frame);
  if (targets.length === 0 && !isEmptyLoop(name, frame)) throw undefinedResource(name);
  if (targets.some(({ copy, symbolicName }) => copy === undefined || symbolicName?.toLowerCase() !== name.toLowerCase()))
    throw callFault(call.name, "expects the symbolic name of a resource with 'copy', in a template of languageVersion 2.0");
  return targets.filter(({ condition }) => condition).map(({ id, apiVersion }) => ({ id, apiVersion }));
}

/** An action of a type, `list…`, by which a resource tells what it shows to few. */
function neededAction(call: FunctionCall, frame: Frame): ReferenceNeed {
  const { id, apiVersion } = neededResource(call, frame);
  const known = frame.context.input.listActions ?? [];
  const wanted = `${resourceTypeOf(id)}/${call.name}`.toLowerCase();
  const action = known.find((one) => one.toLowerCase() === wanted);
  if (action === undefined) throw callFault(call.name, `is no action of that resource. Known are ${known.join(", ") || "none"}`);
  if (call.args[2] !== undefined && Object.keys(objectArgument(call, 2)).length > 0)
    throw callFault(call.name, "takes no values for its action here: leave its parameter 3 out");
  return { id, apiVersion, action: action.slice(action.lastIndexOf("/") + 1) };
}

/** Whether a name is that of an action of resources; every `list…` is, as in Azure Resource Manager. */
export function isListAction(name: string): boolean {
  return /^list./i.test(name);
}

/** Whether a function asks for the state of resources. */
export function asksForState(name: string): boolean {
  return /^references?$/i.test(name) || isListAction(name);
}

/** The resources that such a function asks for. Throws TemplateFault. */
export function neededReferences(call: FunctionCall, frame: Frame): readonly ReferenceNeed[] {
  if (isListAction(call.name)) return [neededAction(call, frame)];
  return call.name.toLowerCase() === "references" ? neededLoop(call, frame) : [neededResource(call, frame)];
}

/** What is known of them, or all that is missing is asked for. Throws TemplateFault and Deferred. */
function knownOf(call: FunctionCall, frame: Frame): readonly (readonly [ReferenceNeed, JsonObject])[] {
  if (frame.place !== "body" && frame.place !== "output")
    throw callFault(call.name, "is not expected at this location. It can only be used in the properties of a resource and in outputs");
  const needs = neededReferences(call, frame);
  spend(frame, needs.length);
  const found = needs.map((need) => [need, frame.known?.(need)] as const);
  const missing = found.filter(([, body]) => body === undefined);
  for (const [need] of missing) frame.needs.set(`${need.id.toLowerCase()} ${need.apiVersion} ${need.action ?? ""}`, need);
  if (missing.length > 0) throw Deferred.instance;
  return found.flatMap(([need, body]) => (body === undefined ? [] : [[need, body] as const]));
}

function isFull(call: FunctionCall, at: number): boolean {
  return call.args[at] !== undefined && textOf(call, at).toLowerCase() === "full";
}

function shownState([{ apiVersion }, body]: readonly [ReferenceNeed, JsonObject], full: boolean): JsonObject {
  if (full) return { ...body, apiVersion };
  const properties = memberOf(body, "properties");
  return isObject(properties) ? properties : {};
}

function reference(call: FunctionCall, frame: Frame): JsonValue {
  const full = isFull(call, 2);
  const [found] = knownOf(call, frame);
  if (found === undefined) throw new TemplateFault("The state of the resource is not known");
  return shownState(found, full);
}

function references(call: FunctionCall, frame: Frame): JsonValue {
  const full = isFull(call, 1);
  return admit(
    frame,
    knownOf(call, frame).map((found) => shownState(found, full)),
  );
}

/** What an action tells is as secret as a secure parameter. */
function list(call: FunctionCall, frame: Frame): JsonValue {
  frame.secure = true;
  const [found] = knownOf(call, frame);
  return found?.[1] ?? null;
}

/** Of every action of resources. */
export const listFunction: ContextFunction = { least: 1, most: 3, evaluate: list };

/** Functions of the state of resources, by their name in lower case. */
export const referenceFunctions: readonly (readonly [string, ContextFunction])[] = [
  ["reference", { least: 1, most: 3, evaluate: reference }],
  ["references", { least: 1, most: 2, evaluate: references }],
];
