/**
 * What differs between a resource as it is and as a deployment would leave it. Pure. Both are bodies of the same GET, before and after the same
 * merge, normalisation and defaults as a real request, so that what a template leaves out, and what the service fills in, is no difference.
 */
import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type JsonObject } from "../enablement/json-object.ts";

/** One difference. `path` is dotted from the resource, or within the array that `children` belongs to. */
export type PropertyChange = {
  readonly path: string;
  readonly propertyChangeType: "Create" | "Delete" | "Modify" | "Array";
  readonly before: unknown;
  readonly after: unknown;
  readonly children: readonly PropertyChange[] | null;
};

/** Members that say when and by whom, or how far something is, and not what was asked for. */
const VOLATILE = new Set(["etag", "systemdata", "provisioningstate"]);

/** A body without what every write changes. */
export function withoutVolatile(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutVolatile);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !VOLATILE.has(name.toLowerCase()));
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutVolatile(member)]));
}

type Pair = { readonly path: string; readonly before: unknown; readonly after: unknown };

function leaf(pair: Pair, propertyChangeType: PropertyChange["propertyChangeType"]): PropertyChange {
  return { path: pair.path, propertyChangeType, before: pair.before ?? null, after: pair.after ?? null, children: null };
}

function nameOf(element: unknown): string | undefined {
  const name = isJsonObject(element) ? element["name"] : undefined;
  return typeof name === "string" ? name.toLowerCase() : undefined;
}

/** Elements with names are the same where the names are, whatever their order; others where their places are. */
function pairElements(before: readonly unknown[], after: readonly unknown[]): readonly Pair[] {
  const named = [...before, ...after].every((element) => nameOf(element) !== undefined);
  if (!named)
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => ({
      path: String(index),
      before: before[index],
      after: after[index],
    }));
  const kept = before.map((element, index) => ({
    path: String(index),
    before: element,
    after: after.find((other) => nameOf(other) === nameOf(element)),
  }));
  const added = after.filter((element) => !before.some((other) => nameOf(other) === nameOf(element)));
  return [...kept, ...added.map((element, index) => ({ path: String(before.length + index), before: undefined, after: element }))];
}

function differences(pair: Pair): readonly PropertyChange[] {
  const { before, after, path } = pair;
  if (isDeepStrictEqual(before, after)) return [];
  if (before === undefined) return [leaf(pair, "Create")];
  if (after === undefined) return [leaf(pair, "Delete")];
  if (isJsonObject(before) && isJsonObject(after)) return objectDifferences(path, before, after);
  if (Array.isArray(before) && Array.isArray(after)) {
    const children = pairElements(before, after).flatMap((each) =>
      isJsonObject(each.before) && isJsonObject(each.after)
        ? [{ ...leaf(each, "Modify"), children: objectDifferences("", each.before, each.after) }].filter((one) => one.children.length > 0)
        : differences(each),
    );
    return children.length === 0 ? [] : [{ ...leaf(pair, "Array"), children }];
  }
  return [leaf(pair, "Modify")];
}

function objectDifferences(path: string, before: JsonObject, after: JsonObject): readonly PropertyChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => differences({ path: path === "" ? name : `${path}.${name}`, before: before[name], after: after[name] }));
}

/** All differences between two bodies without volatile members. */
export function payloadDelta(before: JsonObject, after: JsonObject): readonly PropertyChange[] {
  return objectDifferences("", before, after);
}
