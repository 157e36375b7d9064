import { isJsonObject, onlyField } from "./json-shape.ts";

/** Nesting of a right side: a set of concatenations of ranges is three; more is not a field that fits into words. */
const DEPTH_MAX = 6;

/**
 * The right side of a comparison as words: an address, `10.0.0.0/8`, `80:90`, `@set`. Undefined where it is no list of plain values, such as a
 * concatenation. libnftables-json(5), "EXPRESSIONS".
 */
export function operandValues(value: unknown, separator: string, depth = 0): readonly string[] | undefined {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return [String(value)];
  if (depth > DEPTH_MAX) return undefined;
  if (Array.isArray(value)) return listValues(value, separator, depth);
  const [kind, inner] = onlyField(value) ?? [];
  if (kind === "set") return listValues(Array.isArray(inner) ? inner : [inner], separator, depth);
  if (kind === "range" && Array.isArray(inner)) return range(inner, separator, depth);
  if (kind === "prefix" && isJsonObject(inner)) return prefix(inner);
  if (kind === "elem" && isJsonObject(inner)) return operandValues(inner["val"], separator, depth + 1);
  return undefined;
}

function listValues(items: readonly unknown[], separator: string, depth: number): readonly string[] | undefined {
  const values: string[] = [];
  for (const item of items) {
    const words = operandValues(item, separator, depth + 1);
    if (words === undefined) return undefined;
    values.push(...words);
  }
  return values;
}

function range(ends: readonly unknown[], separator: string, depth: number): readonly string[] | undefined {
  const words = listValues(ends, separator, depth);
  return words?.length === 2 ? [words.join(separator)] : undefined;
}

function prefix({ addr, len }: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  return typeof addr === "string" && typeof len === "number" ? [`${addr}/${len}`] : undefined;
}
