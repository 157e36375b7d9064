/**
 * Functions that take functions: `map(…, lambda('x', …))` and its like ("Lambda functions for ARM templates"). A lambda stands as an argument of these
 * and nowhere else, so that it is never a value: its body is a part of the expression, evaluated once for each element, each time paid for as any other.
 */
import type { Frame } from "./evaluation-context.ts";
import { TemplateFault } from "./evaluation-fault.ts";
import type { Expression } from "./expression.ts";
import { arrayOf, booleanOf, callFault, objectArgument, textOf } from "./functions/function-call.ts";
import { type JsonValue, objectOf } from "./json-value.ts";
import { VALUE_WEIGHT_MAX } from "./limits.ts";
import { admit, measure, spend } from "./value-weight.ts";

type Call = Expression & { readonly kind: "call" };

/** The evaluator, which needs this module too. */
export type Evaluate = (expression: Expression, frame: Frame) => JsonValue;

/** A lambda with what is around it. Throws TemplateFault and Deferred, as its body does. */
type Lambda = (...args: readonly JsonValue[]) => JsonValue;

/** The lambda at a place (from 0) of a call, whose variables are so many. Throws TemplateFault. */
function lambdaAt(call: Call, at: number, how: { least: number; most: number; frame: Frame; evaluate: Evaluate }): Lambda {
  const written = call.args[at];
  if (written?.kind !== "call" || written.namespace !== undefined || written.name.toLowerCase() !== "lambda")
    throw callFault(call.name, `expects its parameter ${at + 1} to be a lambda function`);
  const body = written.args.at(-1);
  const names = written.args.slice(0, -1).map((one) => (one.kind === "string" ? one.value.toLowerCase() : undefined));
  const { least, most, frame, evaluate } = how;
  if (body === undefined || names.includes(undefined))
    throw callFault("lambda", "expects the names of its variables as literal strings, and an expression behind them");
  if (names.length < least || names.length > most)
    throw callFault(
      call.name,
      `expects the lambda function to have ${least === most ? least : `${least} or ${most}`} variables; it has ${names.length}`,
    );
  return (...args) => {
    spend(frame, 1 + names.length);
    const variables = new Map(frame.lambda);
    names.forEach((name, index) => variables.set(name ?? "", args[index] ?? null));
    const inner: Frame = { ...frame, lambda: variables };
    try {
      return evaluate(body, inner);
    } finally {
      frame.secure ||= inner.secure;
    }
  };
}

/** A stable sort, in the same order whatever the engine, with as few comparisons as there can be: each is an evaluation. `isBefore` may contradict itself. */
function mergeSort(values: readonly JsonValue[], isBefore: (a: JsonValue, b: JsonValue) => boolean): JsonValue[] {
  if (values.length < 2) return [...values];
  const middle = values.length >> 1;
  const [left, right] = [mergeSort(values.slice(0, middle), isBefore), mergeSort(values.slice(middle), isBefore)];
  const merged: JsonValue[] = [];
  let [atLeft, atRight] = [0, 0];
  while (atLeft < left.length && atRight < right.length)
    merged.push(...(isBefore(right[atRight] ?? null, left[atLeft] ?? null) ? [right[atRight++] ?? null] : [left[atLeft++] ?? null]));
  return [...merged, ...left.slice(atLeft), ...right.slice(atRight)];
}

/** Takes what a lambda makes, one after the other, and ends it before all together are too large. Throws TemplateFault. */
function gathering(): (value: JsonValue) => JsonValue {
  let weight = 0;
  return (value) => {
    weight += measure(value).weight;
    if (weight > VALUE_WEIGHT_MAX) throw new TemplateFault(`A value would take more than ${VALUE_WEIGHT_MAX} bytes`);
    return value;
  };
}

type Given = { readonly call: Call; readonly frame: Frame; readonly evaluate: Evaluate };

/** The value of an argument that is no lambda. */
function valueAt({ call, frame, evaluate }: Given, at: number): JsonValue {
  const written = call.args[at];
  return written === undefined ? null : evaluate(written, frame);
}

function listAt(given: Given): readonly JsonValue[] {
  return arrayOf({ name: given.call.name, args: [valueAt(given, 0)] }, 0);
}

const take = ({ call, frame, evaluate }: Given, at: number, [least, most]: readonly [number, number]): Lambda =>
  lambdaAt(call, at, { least, most, frame, evaluate });

/** What a lambda gave, which must be of a type. Throws TemplateFault. */
const truth = ({ call }: Given, value: JsonValue): boolean => booleanOf({ name: call.name, args: [value] }, 0);
const key = ({ call }: Given, value: JsonValue): string => textOf({ name: call.name, args: [value] }, 0);

function groupBy(given: Given): JsonValue {
  const [list, keyOf] = [listAt(given), take(given, 1, [1, 1])];
  const groups = new Map<string, JsonValue[]>();
  for (const value of list) {
    const name = key(given, keyOf(value));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  return objectOf(groups);
}

function toObject(given: Given): JsonValue {
  const [list, keyOf] = [listAt(given), take(given, 1, [1, 1])];
  const valueOf = given.call.args.length > 2 ? take(given, 2, [1, 1]) : (value: JsonValue) => value;
  const gather = gathering();
  return objectOf(list.map((value) => [key(given, keyOf(value)), gather(valueOf(value))]));
}

function reduce(given: Given): JsonValue {
  const [list, initial, step] = [listAt(given), valueAt(given, 1), take(given, 2, [2, 3])];
  return list.reduce<JsonValue>((sum, value, index) => step(sum, value, index), initial);
}

function mapValues(given: Given): JsonValue {
  const object = objectArgument({ name: given.call.name, args: [valueAt(given, 0)] }, 0);
  const change = take(given, 1, [1, 1]);
  const gather = gathering();
  return objectOf(Object.entries(object).map(([name, value]) => [name, gather(change(value))]));
}

type LambdaFunction = { readonly least: number; readonly most: number; readonly compute: (given: Given) => JsonValue };

const table: Readonly<Record<string, LambdaFunction>> = {
  map: {
    ...{ least: 2, most: 2 },
    compute(given) {
      const [list, change] = [listAt(given), take(given, 1, [1, 2])];
      const gather = gathering();
      return list.map((value, index) => gather(change(value, index)));
    },
  },
  filter: {
    ...{ least: 2, most: 2 },
    compute(given) {
      const [list, isWanted] = [listAt(given), take(given, 1, [1, 2])];
      return list.filter((value, index) => truth(given, isWanted(value, index)));
    },
  },
  sort: {
    ...{ least: 2, most: 2 },
    compute(given) {
      const [list, isBefore] = [listAt(given), take(given, 1, [2, 2])];
      return mergeSort(list, (a, b) => truth(given, isBefore(a, b)));
    },
  },
  reduce: { least: 3, most: 3, compute: reduce },
  toobject: { least: 2, most: 3, compute: toObject },
  groupby: { least: 2, most: 2, compute: groupBy },
  mapvalues: { least: 2, most: 2, compute: mapValues },
};

/** `lambdaVariables('x')`: what the lambda around it was given. */
function lambdaVariables({ call, frame, evaluate }: Given): JsonValue {
  const name = textOf({ name: call.name, args: [valueAt({ call, frame, evaluate }, 0)] }, 0);
  const value = frame.lambda?.get(name.toLowerCase());
  if (value === undefined)
    throw new TemplateFault(`The lambda variable '${name.slice(0, 100)}' is not one of the lambda functions around it`);
  return value;
}

function misplaced(): never {
  throw callFault("lambda", `is not expected at this location. It can only be an argument of ${Object.keys(table).join(", ")}`);
}

/** The functions by their names in lower case, with how many arguments they take. */
export const lambdaFunctions: ReadonlyMap<string, LambdaFunction> = new Map<string, LambdaFunction>([
  ...Object.entries(table).map(([name, { least, most, compute }]): [string, LambdaFunction] => [
    name,
    { least, most, compute: (given) => admit(given.frame, compute(given)) },
  ]),
  ["lambda", { least: 0, most: Infinity, compute: misplaced }],
  ["lambdavariables", { least: 1, most: 1, compute: lambdaVariables }],
]);

/** Whether an expression asks for what a lambda was given. */
export function usesLambdaVariables(expression: Expression): boolean {
  switch (expression.kind) {
    case "string":
    case "number":
      return false;
    case "member":
      return usesLambdaVariables(expression.of);
    case "index":
      return usesLambdaVariables(expression.of) || usesLambdaVariables(expression.at);
    case "call":
      return expression.name.toLowerCase() === "lambdavariables" || expression.args.some(usesLambdaVariables);
  }
}
