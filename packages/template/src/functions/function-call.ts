import { TemplateFault } from "../evaluation-fault.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../json-value.ts";

/** A call of a function with its arguments' values. */
export type FunctionCall = { readonly name: string; readonly args: readonly JsonValue[] };

/** A function that depends on nothing but its arguments: how many it takes, and what it gives. Throws TemplateFault. */
export type TemplateFunction = { readonly least: number; readonly most: number; readonly evaluate: (call: FunctionCall) => JsonValue };

/** A function's entry in a table: name, least and most arguments, what it does. */
export function define(least: number, most: number, evaluate: (call: FunctionCall) => JsonValue): TemplateFunction {
  return { least, most, evaluate };
}

/** What Azure Resource Manager calls the type of a value. */
export function typeName(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "Null";
  if (typeof value === "string") return "String";
  if (typeof value === "boolean") return "Boolean";
  if (typeof value === "number") return Number.isInteger(value) ? "Integer" : "Float";
  return isArray(value) ? "Array" : "Object";
}

/** A fault of a call, in Azure Resource Manager's words, with the address of its documentation. */
export function callFault(name: string, what: string): TemplateFault {
  return new TemplateFault(
    `The template language function "${name}" ${what}. Please see https://aka.ms/arm-functions/#${name.toLowerCase()} for usage details.`,
  );
}

/** A fault that says which argument (from 0) has which type, and which was wanted. */
export function typeFault(call: FunctionCall, at: number, wanted: string): TemplateFault {
  return callFault(
    call.name,
    `expects its parameter ${at + 1} to be of type ${wanted}. The provided value is of type ${typeName(call.args[at])}`,
  );
}

/** An argument that must be a string. Throws TemplateFault. */
export function textOf(call: FunctionCall, at: number): string {
  const value = call.args[at];
  if (typeof value !== "string") throw typeFault(call, at, "String");
  return value;
}

/** An argument that must be a whole number. Throws TemplateFault. */
export function integerOf(call: FunctionCall, at: number): number {
  const value = call.args[at];
  if (typeof value !== "number" || !Number.isInteger(value)) throw typeFault(call, at, "Integer");
  return value;
}

/** An argument that must be true or false. Throws TemplateFault. */
export function booleanOf(call: FunctionCall, at: number): boolean {
  const value = call.args[at];
  if (typeof value !== "boolean") throw typeFault(call, at, "Boolean");
  return value;
}

/** An argument that must be an array. Throws TemplateFault. */
export function arrayOf(call: FunctionCall, at: number): readonly JsonValue[] {
  const value = call.args[at];
  if (value === undefined || !isArray(value)) throw typeFault(call, at, "Array");
  return value;
}

/** An argument that must be an object. Throws TemplateFault. */
export function objectArgument(call: FunctionCall, at: number): JsonObject {
  const value = call.args[at];
  if (!isObject(value)) throw typeFault(call, at, "Object");
  return value;
}
