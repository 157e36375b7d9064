import { MANAGED_BY_LABEL, type ClusterwidePolicy } from "./cilium-policy.ts";

/** A place in which an object is not as it should be. `path` has its segments one by one; an absent side is undefined. */
export type Difference = { readonly path: readonly string[]; readonly desired: unknown; readonly observed: unknown };

/** An object as an API server shows it; nothing is believed of its parts. */
export type ObservedObject = Readonly<Record<string, unknown>>;

/**
 * Compares what decides whether a policy works: its whole specification, fields that somebody added included, since an added selector narrows
 * it and an added second specification widens it; and the label that says whose it is. Other labels and annotations are anybody's.
 */
export function differences(desired: ClusterwidePolicy, observed: ObservedObject): readonly Difference[] {
  const { metadata } = observed;
  const labels = isRecord(metadata) && isRecord(metadata["labels"]) ? metadata["labels"] : {};
  const label = compare(["metadata", "labels", MANAGED_BY_LABEL], desired.metadata.labels[MANAGED_BY_LABEL], labels[MANAGED_BY_LABEL]);
  return [...compare(["spec"], desired.spec, observed["spec"]), ...compare(["specs"], undefined, observed["specs"]), ...label];
}

/** Whether an object has fields that it should not have: applying it anew leaves them, since they are their writers'. */
export function hasAdditions(found: readonly Difference[]): boolean {
  return found.some(({ desired }) => desired === undefined);
}

function compare(path: readonly string[], desired: unknown, observed: unknown): Difference[] {
  if (Array.isArray(desired) && Array.isArray(observed)) return compareLists(path, desired, observed);
  if (isRecord(desired) && isRecord(observed))
    return [...new Set([...Object.keys(desired), ...Object.keys(observed)])].flatMap((key) =>
      compare([...path, key], desired[key], observed[key]),
    );
  return desired === observed ? [] : [{ path, desired, observed }];
}

function compareLists(path: readonly string[], desired: readonly unknown[], observed: readonly unknown[]): Difference[] {
  const length = Math.max(desired.length, observed.length);
  return Array.from({ length }, (_, at) => at).flatMap((at) => compare([...path, String(at)], desired[at], observed[at]));
}

/** Whether a value is an object with members. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
