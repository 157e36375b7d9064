import { isArray, type JsonValue, objectOf } from "../json-value.ts";

/** A value as `string()` and `format()` write it: true is "True", null nothing, arrays and objects are JSON. */
export function valueText(value: JsonValue): string {
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  return JSON.stringify(value);
}

/** A text that is the same for equal values, whatever the order of their members, and for no others. */
export function canonicalText(value: JsonValue): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: JsonValue): JsonValue {
  if (value === null || typeof value !== "object") return value;
  if (isArray(value)) return value.map(sorted);
  const names = Object.keys(value).sort();
  return objectOf(names.map((name) => [name, sorted(value[name] ?? null)]));
}
