import type { Frame, UserFunction } from "./evaluation-context.ts";
import { TemplateFault } from "./evaluation-fault.ts";
import type { Expression } from "./expression.ts";
import { isArray, isObject, type JsonObject, type JsonValue, memberOf } from "./json-value.ts";

/** What a call of a template's own function needs of the evaluator, which needs this module too. */
export type UserCall = {
  readonly frame: Frame;
  readonly evaluateExpression: (expression: Expression, frame: Frame) => JsonValue;
  readonly evaluateText: (text: string, frame: Frame) => JsonValue;
};

/** The functions that a template defines under `functions`, by namespace and name in lower case. Shapes that are not theirs are passed over. */
export function readUserFunctions(template: JsonObject): ReadonlyMap<string, UserFunction> {
  const found = new Map<string, UserFunction>();
  const namespaces = memberOf(template, "functions");
  for (const one of namespaces !== undefined && isArray(namespaces) ? namespaces : []) {
    const namespace = isObject(one) ? memberOf(one, "namespace") : undefined;
    const members = isObject(one) ? memberOf(one, "members") : undefined;
    if (typeof namespace !== "string" || !isObject(members)) continue;
    for (const [name, body] of Object.entries(members)) {
      const parameters = isObject(body) ? (memberOf(body, "parameters") ?? []) : [];
      const output = isObject(body) ? memberOf(body, "output") : undefined;
      if (!isObject(output) || !isArray(parameters)) continue;
      const names = parameters.map((parameter) => (isObject(parameter) ? memberOf(parameter, "name") : undefined));
      found.set(`${namespace}.${name}`.toLowerCase(), {
        parameters: names.map((parameter) => (typeof parameter === "string" ? parameter.toLowerCase() : "")),
        output: memberOf(output, "value") ?? null,
      });
    }
  }
  return found;
}

/** Calls one. Inside it sees its own parameters and nothing else of the template ("User-defined functions in ARM templates"). Throws TemplateFault. */
export function callUserFunction(name: string, args: readonly Expression[], call: UserCall): JsonValue {
  const { frame } = call;
  const defined = frame.context.functions.get(name.toLowerCase());
  if (defined === undefined)
    throw new TemplateFault(
      `The template function "${name}" is not valid. Please see https://aka.ms/arm-function-reference for usage details.`,
    );
  if (args.length !== defined.parameters.length)
    throw new TemplateFault(`The template function "${name}" takes ${defined.parameters.length} arguments; ${args.length} are given`);
  const values = args.map((argument) => call.evaluateExpression(argument, frame));
  const inner: Frame = {
    ...frame,
    place: "function",
    lambda: undefined,
    args: new Map(defined.parameters.map((parameter, index) => [parameter, values[index] ?? null])),
    depth: frame.depth + 1,
  };
  const value = outputOf(defined.output, inner, call);
  frame.secure ||= inner.secure;
  return value;
}

function outputOf(output: JsonValue, inner: Frame, call: UserCall): JsonValue {
  return typeof output === "string" ? call.evaluateText(output, inner) : output;
}
