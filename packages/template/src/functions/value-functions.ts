import { isArray, type JsonValue } from "../json-value.ts";
import { isShallowText } from "../value-weight.ts";
import {
  booleanOf,
  callFault,
  define,
  type FunctionCall,
  integerOf,
  type TemplateFunction,
  textOf,
  typeFault,
  typeName,
} from "./function-call.ts";
import { decodeBase64 } from "./string-functions.ts";
import { canonicalText } from "./value-text.ts";

/** Whole numbers beyond 2^53 would be wrong by some. Throws TemplateFault. */
function whole(call: FunctionCall, value: number): number {
  if (!Number.isSafeInteger(value)) throw callFault(call.name, "has a result that is larger than 9007199254740991");
  // there is one zero only
  return value === 0 ? 0 : value;
}

function divide(call: FunctionCall, operation: (a: number, b: number) => number): number {
  const [a, b] = [integerOf(call, 0), integerOf(call, 1)];
  if (b === 0) throw callFault(call.name, "divides by zero");
  return whole(call, operation(a, b));
}

function arithmetic(operation: (a: number, b: number) => number): TemplateFunction {
  return define(2, 2, (call) => whole(call, operation(integerOf(call, 0), integerOf(call, 1))));
}

function extreme(pick: (a: number, b: number) => number): TemplateFunction {
  return define(1, Infinity, (call) => {
    const [first = null] = call.args;
    const of: FunctionCall = isArray(first) ? { ...call, args: first } : call;
    if (of.args.length === 0) throw callFault(call.name, "expects at least one number");
    return of.args.map((_, at) => integerOf(of, at)).reduce(pick);
  });
}

/** -1, 0 or 1. Numbers by size, strings by code, as Azure Resource Manager orders them. */
function order(call: FunctionCall): number {
  const [a = null, b = null] = call.args;
  if (typeof a === "number" && typeof b === "number") return Math.sign(a - b);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  throw callFault(call.name, `compares two numbers or two strings, not ${typeName(a)} and ${typeName(b)}`);
}

function integer(call: FunctionCall): number {
  const [value = null] = call.args;
  if (typeof value === "number") return whole(call, Math.trunc(value));
  if (typeof value !== "string") throw typeFault(call, 0, "String or Integer");
  if (!/^\s*[-+]?\d+\s*$/.test(value)) throw callFault(call.name, "expects its parameter to be a whole number written in digits");
  return whole(call, Number(value));
}

function float(call: FunctionCall): number {
  const [value = null] = call.args;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw callFault(call.name, "expects its parameter to be a number");
  return number;
}

function boolean(call: FunctionCall): boolean {
  const [value = null] = call.args;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  const word = textOf(call, 0).toLowerCase();
  if (word !== "true" && word !== "false") throw callFault(call.name, "expects its parameter to be 'true' or 'false'");
  return word === "true";
}

function parseJson(call: FunctionCall, text: string): JsonValue {
  if (!isShallowText(text)) throw callFault(call.name, "expects JSON with fewer brackets within each other");
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    if (error instanceof SyntaxError) throw callFault(call.name, "expects its parameter to be valid JSON");
    throw error;
  }
}

/** Functions of numbers, truth and conversion by their name in lower case ("Numeric", "Logical" and "Comparison functions for ARM templates"). */
export const valueFunctions: Readonly<Record<string, TemplateFunction>> = {
  add: arithmetic((a, b) => a + b),
  sub: arithmetic((a, b) => a - b),
  mul: arithmetic((a, b) => a * b),
  // both cut towards zero
  div: define(2, 2, (call) => divide(call, (a, b) => Math.trunc(a / b))),
  mod: define(2, 2, (call) => divide(call, (a, b) => a % b)),
  min: extreme((a, b) => Math.min(a, b)),
  max: extreme((a, b) => Math.max(a, b)),
  int: define(1, 1, integer),
  float: define(1, 1, float),
  bool: define(1, 1, boolean),
  json: define(1, 1, (call) => parseJson(call, textOf(call, 0))),
  base64tojson: define(1, 1, (call) => parseJson(call, decodeBase64(call))),
  equals: define(
    2,
    2,
    ({ args: [a = null, b = null] }) => a === b || (typeName(a) === typeName(b) && canonicalText(a) === canonicalText(b)),
  ),
  greater: define(2, 2, (call) => order(call) > 0),
  greaterorequals: define(2, 2, (call) => order(call) >= 0),
  less: define(2, 2, (call) => order(call) < 0),
  lessorequals: define(2, 2, (call) => order(call) <= 0),
  not: define(1, 1, (call) => !booleanOf(call, 0)),
  true: define(0, 0, () => true),
  false: define(0, 0, () => false),
  null: define(0, 0, () => null),
};
