import type { Json } from "./point.ts";

/** What braces stand for: names of the target, and under `$name` what steps saved. */
export type Variables = Map<string, Json>;

const BENDS: Readonly<Record<string, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  doubled: (text) => text.replace(/\/Microsoft\.ContainerService\//i, (namespace) => `${namespace}/`),
};

/** Fills `{name}`, `{name:bend}` and `{$saved}` in. What is in braces and not known stays: templates of ARM and JSON have braces of their own. */
export function fill(text: string, variables: Variables): string {
  return text.replace(/\{(\$?\w+)(?::(\w+))?\}/g, (whole, name: string, bend: string | undefined) => {
    const value = variables.get(name);
    if (value === undefined) {
      if (name.startsWith("$")) throw new Error(`No step saved ${name}`);
      return whole;
    }
    const plain = typeof value === "string" ? value : JSON.stringify(value);
    return bend === undefined ? plain : (BENDS[bend]?.(plain) ?? whole);
  });
}

/** Fills the texts of a whole value in. */
export function fillAll(value: Json, variables: Variables): Json {
  if (typeof value === "string") return fill(value, variables);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Json) => fillAll(item, variables));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fillAll(member as Json, variables)]));
}
