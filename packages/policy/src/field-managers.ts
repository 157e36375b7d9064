import { isRecord, type ObservedObject } from "./compare-policy.ts";

/** Longest name of a field manager that Kubernetes takes. apimachinery, FieldManagerMaxLength. */
const NAME_CHARACTERS_MAX = 128;

type Entry = { readonly manager: string; readonly at: number; readonly fields: unknown };

/** `metadata.managedFields` of an object; entries for subresources, whose fields are nobody's business here, are left out. */
function entriesOf({ metadata }: ObservedObject): Entry[] {
  const list = isRecord(metadata) ? metadata["managedFields"] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown): Entry[] => {
    if (!isRecord(entry) || typeof entry["manager"] !== "string" || (entry["subresource"] ?? "") !== "") return [];
    const at = Date.parse(typeof entry["time"] === "string" ? entry["time"] : "");
    return [{ manager: entry["manager"].slice(0, NAME_CHARACTERS_MAX), at: Number.isNaN(at) ? 0 : at, fields: entry["fieldsV1"] }];
  });
}

/** Whether a manager has ever written a part of the object that it still has. */
export function isManagedBy(observed: ObservedObject, manager: string): boolean {
  return entriesOf(observed).some((entry) => entry.manager === manager);
}

/**
 * Who wrote a field last, or the list that it stands or stood in, `except` aside. Undefined where the object does not tell: a member that was taken
 * away has no owner left, and lists whose items have owners of their own are not looked into.
 */
export function lastManager(observed: ObservedObject, path: readonly string[], except: string): string | undefined {
  const owners = entriesOf(observed).filter(({ manager, fields }) => manager !== except && owns(fields, path));
  return owners.toSorted((a, b) => b.at - a.at)[0]?.manager;
}

/** FieldsV1: `f:name` leads to a member, an empty set is owned as a whole. sigs.k8s.io/structured-merge-diff, fieldpath. */
function owns(fields: unknown, path: readonly string[]): boolean {
  if (!isRecord(fields)) return false;
  const [segment, ...rest] = path;
  if (segment === undefined) return true;
  const below = fields[`f:${segment}`];
  if (below !== undefined) return owns(below, rest);
  return Object.keys(fields).length === 0;
}
