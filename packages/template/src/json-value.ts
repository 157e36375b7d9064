/** Anything that JSON can say. Values are never changed once they are made: evaluated templates share parts with the template. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object. Members are read with `memberOf`, which ignores case as Azure Resource Manager does and knows no inherited ones. */
export type JsonObject = { readonly [member: string]: JsonValue };

/** Whether a value is an object, and neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is an array; the built-in function forgets `readonly`. */
export function isArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Keys of large objects are looked up by case again and again; a value never changes, so that what was found stays true. */
const foldedKeys = new WeakMap<JsonObject, ReadonlyMap<string, string>>();

/** The name that a member has in the object, whatever the case it is asked for; undefined when there is none. Of names that differ in case only, the exact one wins, else the first. */
export function memberName(object: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(object, name)) return name;
  let folded = foldedKeys.get(object);
  if (folded === undefined) {
    const names = new Map<string, string>();
    for (const key of Object.keys(object)) if (!names.has(key.toLowerCase())) names.set(key.toLowerCase(), key);
    foldedKeys.set(object, names);
    folded = names;
  }
  return folded.get(name.toLowerCase());
}

/** An own member by its name in any case, or undefined. */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  const key = memberName(object, name);
  return key === undefined ? undefined : object[key];
}

/** An object of these members; a later one replaces an earlier one of exactly the same name, and `__proto__` is a name like others. */
export function objectOf(members: Iterable<readonly [string, JsonValue]>): JsonObject {
  return Object.fromEntries(members);
}
