import { AppError } from "@hostrouting/domain";
import type { PolicyLookup, PolicyObject, PolicyWish } from "./cluster-access.ts";
import { MANIFEST_MANAGER } from "./names.ts";

type Stored = { metadata: { name: string; labels: Record<string, string>; resourceVersion: string; managedFields: object[] } } & Record<
  string,
  unknown
>;

/** Policies of a fake cluster: applying leaves what others have added, and everybody who wrote a field of the specification is named. */
export class FakePolicies {
  /** Whether the API server knows the kind at all. */
  isSupported = true;
  readonly #objects = new Map<string, Stored>();
  readonly #nextVersion: () => string;

  constructor(nextVersion: () => string) {
    this.#nextVersion = nextVersion;
  }

  read(name: string): PolicyLookup {
    if (!this.isSupported) return { kind: "Unsupported" };
    const object = this.#objects.get(name);
    return object === undefined ? { kind: "Absent" } : { kind: "Present", object: structuredClone(object) };
  }

  all(): readonly Stored[] {
    return [...this.#objects.values()];
  }

  apply(wish: PolicyWish, { replaceVersion }: { readonly replaceVersion: string | undefined }): void {
    const { name } = wish.metadata;
    const before = this.#objects.get(name);
    if (replaceVersion !== undefined && before?.metadata.resourceVersion !== replaceVersion)
      throw new AppError("kube.conflict", { say: `${name} has been modified` });
    const added = replaceVersion === undefined ? (before?.["spec"] as PolicyObject | undefined) : undefined;
    this.#write(name, MANIFEST_MANAGER, { spec: { ...added, ...(structuredClone(wish.spec) as object) }, labels: labelsOf(wish) });
  }

  /** Somebody writes fields of the specification. */
  edit(name: string, manager: string, spec: object): void {
    const before = this.#objects.get(name);
    this.#write(name, manager, { spec: { ...(before?.["spec"] as object | undefined), ...spec }, labels: before?.metadata.labels ?? {} });
  }

  delete(name: string): void {
    this.#objects.delete(name);
  }

  #write(name: string, manager: string, { spec, labels }: { readonly spec: object; readonly labels: Record<string, string> }): void {
    const before = this.#objects.get(name);
    const fields = Object.fromEntries(Object.keys(spec).map((key) => [`f:${key}`, {}]));
    const others = (before?.metadata.managedFields ?? []).filter((entry) => (entry as { manager: string }).manager !== manager);
    this.#objects.set(name, {
      metadata: {
        name,
        labels,
        resourceVersion: this.#nextVersion(),
        managedFields: [...others, { manager, operation: "Update", time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": fields } }],
      },
      spec,
    });
  }
}

function labelsOf(wish: PolicyWish): Record<string, string> {
  return { ...(wish.metadata as { labels?: Record<string, string> }).labels };
}
