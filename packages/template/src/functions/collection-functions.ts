import { TemplateFault } from "../evaluation-fault.ts";
import { isArray, isObject, type JsonObject, type JsonValue, memberName, memberOf, objectOf } from "../json-value.ts";
import { RANGE_MAX } from "../limits.ts";
import {
  arrayOf,
  callFault,
  define,
  type FunctionCall,
  integerOf,
  objectArgument,
  type TemplateFunction,
  textOf,
  typeFault,
} from "./function-call.ts";
import { canonicalText } from "./value-text.ts";

/** Strings by case, array elements by value, members of objects by name in any case. */
function contains(call: FunctionCall): boolean {
  const [container = null, wanted = null] = call.args;
  if (typeof container === "string") return container.includes(textOf(call, 1));
  if (isArray(container)) return positionOf(container, wanted, "first") >= 0;
  if (isObject(container)) return memberName(container, textOf(call, 1)) !== undefined;
  throw typeFault(call, 0, "String, Array or Object");
}

function positionOf(list: readonly JsonValue[], wanted: JsonValue, which: "first" | "last"): number {
  const text = canonicalText(wanted);
  const is = (one: JsonValue): boolean => one === wanted || (typeof one === "object" && canonicalText(one) === text);
  return which === "first" ? list.findIndex(is) : list.findLastIndex(is);
}

function indexOf(call: FunctionCall, which: "first" | "last"): number {
  const [container = null, wanted = null] = call.args;
  if (isArray(container)) return positionOf(container, wanted, which);
  // in strings case is ignored, as documented
  const [text, part] = [textOf(call, 0).toLowerCase(), textOf(call, 1).toLowerCase()];
  return which === "first" ? text.indexOf(part) : text.lastIndexOf(part);
}

function length(call: FunctionCall): number {
  const [container = null] = call.args;
  if (typeof container === "string" || isArray(container)) return container.length;
  if (isObject(container)) return Object.keys(container).length;
  throw typeFault(call, 0, "String, Array or Object");
}

function empty(call: FunctionCall): boolean {
  return call.args[0] === null || length(call) === 0;
}

/** Of an empty string "" and of an empty array null, as Azure Resource Manager gives. */
function end(call: FunctionCall, at: 0 | -1): JsonValue {
  const [container = null] = call.args;
  if (typeof container === "string") return container.at(at) ?? "";
  return arrayOf(call, 0).at(at) ?? null;
}

function slice(call: FunctionCall, which: "take" | "skip"): JsonValue {
  const [container = null] = call.args;
  const count = Math.max(0, integerOf(call, 1));
  const [from, to] = which === "take" ? [0, count] : [count, undefined];
  return typeof container === "string" ? container.slice(from, to) : arrayOf(call, 0).slice(from, to);
}

function range(call: FunctionCall): JsonValue {
  const [start, count] = [integerOf(call, 0), integerOf(call, 1)];
  if (count < 0 || count > RANGE_MAX) throw callFault(call.name, `expects its count to be between 0 and ${RANGE_MAX}; it is ${count}`);
  return Array.from({ length: count }, (_, index) => start + index);
}

/** Members of later objects win; objects within are united in turn, arrays within are not. Arrays: each value once. */
function union(call: FunctionCall): JsonValue {
  if (isArray(call.args[0] ?? null)) return distinct(call.args.flatMap((_, at) => [...arrayOf(call, at)]));
  return call.args.map((_, at) => objectArgument(call, at)).reduce(deepUnion);
}

function distinct(values: readonly JsonValue[]): JsonValue[] {
  const first = new Map<string, JsonValue>();
  for (const value of values) {
    const text = canonicalText(value);
    if (!first.has(text)) first.set(text, value);
  }
  return [...first.values()];
}

function deepUnion(first: JsonObject, second: JsonObject): JsonObject {
  const members = new Map(Object.entries(first));
  for (const [name, value] of Object.entries(second)) {
    const key = memberName(first, name) ?? name;
    const before = members.get(key);
    members.set(key, isObject(before) && isObject(value) ? deepUnion(before, value) : value);
  }
  return objectOf(members);
}

function intersection(call: FunctionCall): JsonValue {
  if (isArray(call.args[0] ?? null)) {
    const others = call.args.slice(1).map((_, at) => new Set(arrayOf(call, at + 1).map(canonicalText)));
    return distinct(arrayOf(call, 0)).filter((value) => others.every((other) => other.has(canonicalText(value))));
  }
  const [first, ...others] = call.args.map((_, at) => objectArgument(call, at));
  const isInAll = ([name, value]: readonly [string, JsonValue]): boolean =>
    others.every((other) => {
      const theirs = memberOf(other, name);
      return theirs !== undefined && canonicalText(theirs) === canonicalText(value);
    });
  return objectOf(Object.entries(first ?? {}).filter(isInAll));
}

function createObject(call: FunctionCall): JsonObject {
  if (call.args.length % 2 !== 0) throw callFault(call.name, "expects names and values in turn");
  const members = new Map<string, JsonValue>();
  for (let at = 0; at < call.args.length; at += 2) members.set(textOf(call, at), call.args[at + 1] ?? null);
  return objectOf(members);
}

/** Members as `{ key, value }`, sorted by key. */
function items(call: FunctionCall): JsonValue {
  const entries = Object.entries(objectArgument(call, 0)).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, value]) => ({ key, value }));
}

function flatten(call: FunctionCall): JsonValue {
  return arrayOf(call, 0).flatMap((part): readonly JsonValue[] => {
    if (!isArray(part)) throw callFault(call.name, "expects an array of arrays");
    return part;
  });
}

function shallowMerge(call: FunctionCall): JsonValue {
  return objectOf(
    arrayOf(call, 0).flatMap((part) => {
      if (!isObject(part)) throw callFault(call.name, "expects an array of objects");
      return Object.entries(part);
    }),
  );
}

/** An element counted from the end, the last is 1. Throws TemplateFault where that is no such number. */
function fromEnd(call: FunctionCall, list: readonly JsonValue[], reverse: number): JsonValue | undefined {
  if (reverse < 1) throw callFault(call.name, `counts from the end of an array, from 1 on; ${reverse} is given`);
  return list.at(-reverse);
}

/** A step behind the first: a name, a position, or `{ value, fromEnd }`, which Bicep writes for `[^1]`. */
function stepOf(call: FunctionCall, value: JsonValue, step: JsonValue): JsonValue | undefined {
  if (!isObject(step)) return childOf(value, step);
  const [at = null, isFromEnd] = [memberOf(step, "value"), memberOf(step, "fromEnd") === true];
  if (!isFromEnd) return childOf(value, at);
  const asked = { name: call.name, args: [value, at] };
  return fromEnd(call, arrayOf(asked, 0), integerOf(asked, 1));
}

/** What a chain of steps leads to, once its first is there: null where that is missing, a fault where a later one is (Bicep's `a.?b.c`). */
function chain(call: FunctionCall, first: JsonValue | undefined): JsonValue {
  if (first === undefined || first === null) return null;
  return call.args.slice(2).reduce<JsonValue>((value, step) => {
    const next = stepOf(call, value, step);
    if (next === undefined) throw callFault(call.name, "finds its first property or index, and behind it one that does not exist");
    return next;
  }, first);
}

function tryGet(call: FunctionCall): JsonValue {
  const [value = null, step = null] = call.args;
  return chain(call, stepOf(call, value, step));
}

function indexFromEnd(call: FunctionCall): JsonValue {
  const found = fromEnd(call, arrayOf(call, 0), integerOf(call, 1));
  if (found === undefined)
    throw callFault(call.name, `finds no element ${integerOf(call, 1)} from the end of an array of ${arrayOf(call, 0).length}`);
  return found;
}

function tryIndexFromEnd(call: FunctionCall): JsonValue {
  return call.args[0] === null ? null : chain(call, fromEnd(call, arrayOf(call, 0), integerOf(call, 1)));
}

/** The member or element of a value, or undefined where there is none. Throws TemplateFault where the value has no such parts. */
export function childOf(value: JsonValue, step: JsonValue): JsonValue | undefined {
  if (value === null) return undefined;
  if (isArray(value) && typeof step === "number") return value[step];
  if (isObject(value) && typeof step === "string") return memberOf(value, step);
  throw new TemplateFault("A property or index was asked of a value that has none");
}

/** Functions of arrays and objects by their name in lower case ("Array functions" and "Object functions for ARM templates"). */
export const collectionFunctions: Readonly<Record<string, TemplateFunction>> = {
  array: define(1, 1, ({ args: [value = null] }) => (isArray(value) ? value : [value])),
  contains: define(2, 2, contains),
  createarray: define(0, Infinity, ({ args }) => args),
  createobject: define(0, Infinity, createObject),
  empty: define(1, 1, empty),
  first: define(1, 1, (call) => end(call, 0)),
  flatten: define(1, 1, flatten),
  indexfromend: define(2, 2, indexFromEnd),
  indexof: define(2, 2, (call) => indexOf(call, "first")),
  intersection: define(2, Infinity, intersection),
  items: define(1, 1, items),
  last: define(1, 1, (call) => end(call, -1)),
  lastindexof: define(2, 2, (call) => indexOf(call, "last")),
  length: define(1, 1, length),
  objectkeys: define(1, 1, (call) => Object.keys(objectArgument(call, 0)).sort()),
  // what Azure gives for a location without availability zones, as all of them are here
  pickzones: define(3, 5, () => []),
  range: define(2, 2, range),
  shallowmerge: define(1, 1, shallowMerge),
  skip: define(2, 2, (call) => slice(call, "skip")),
  take: define(2, 2, (call) => slice(call, "take")),
  tryget: define(2, Infinity, tryGet),
  tryindexfromend: define(2, Infinity, tryIndexFromEnd),
  union: define(1, Infinity, union),
};
