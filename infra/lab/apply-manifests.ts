import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { AppError } from "@hostrouting/domain";
import type { ApiClient } from "./api-client.ts";
import { settleAll } from "./settle-all.ts";

/** An object as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Who owns the fields that the lab applies (server-side apply). */
const FIELD_MANAGER = "acns-hostrouting-lab";

/** Kinds that others need to exist first, in this order; everything else follows. */
const FIRST = ["Namespace", "CustomResourceDefinition", "ServiceAccount"];

/** Reads every manifest of a `.yaml` file, or of the files directly in a folder, in the order of their names. */
export async function readManifests(path: string): Promise<Manifest[]> {
  if (path.endsWith(".yaml")) return parseManifests(await readFile(path, "utf8"), path);
  const names = (await readdir(path).catch(() => [])).filter((name) => name.endsWith(".yaml")).sort();
  return (await Promise.all(names.map((name) => readManifests(join(path, name))))).flat();
}

/** @param source named in the error when the text is not a manifest */
export function parseManifests(text: string, source: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors[0]) throw new AppError("lab.manifest", { say: `${source} is not YAML: ${document.errors[0].message}` });
      return document.toJS() as Manifest | null;
    })
    .filter((manifest): manifest is Manifest => manifest !== null)
    .map((manifest) => {
      if (!manifest.apiVersion || !manifest.kind || !manifest.metadata?.name)
        throw new AppError("lab.manifest", { say: `${source} holds an object without apiVersion, kind or metadata.name` });
      return manifest;
    });
}

/** Applies manifests by server-side apply: those that others need first, the rest at once. Safe to repeat. */
export async function applyManifests(api: ApiClient, manifests: readonly Manifest[]): Promise<void> {
  const paths = new Map<string, Promise<Resource>>();
  const apply = (manifest: Manifest): Promise<unknown> => applyOne(api, manifest, paths);
  for (const kind of FIRST) await settleAll(manifests.filter((manifest) => manifest.kind === kind).map(apply));
  await settleAll(manifests.filter((manifest) => !FIRST.includes(manifest.kind)).map(apply));
}

interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
}

async function applyOne(api: ApiClient, manifest: Manifest, known: Map<string, Promise<Resource>>): Promise<void> {
  const key = `${manifest.apiVersion} ${manifest.kind}`;
  const found = known.get(key) ?? discover(api, manifest);
  known.set(key, found);
  const { plural, namespaced } = await found;
  const namespace = namespaced ? `/namespaces/${manifest.metadata.namespace ?? "default"}` : "";
  await api.json({
    method: "PATCH",
    path: `${groupPath(manifest.apiVersion)}${namespace}/${plural}/${manifest.metadata.name}?fieldManager=${FIELD_MANAGER}&force=true`,
    contentType: "application/apply-patch+yaml",
    body: manifest,
  });
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

async function discover(api: ApiClient, manifest: Manifest): Promise<Resource> {
  const list = await api.json<{ resources: { name: string; kind: string; namespaced: boolean }[] }>({
    method: "GET",
    path: groupPath(manifest.apiVersion),
  });
  const resource = list.resources.find(({ kind, name }) => kind === manifest.kind && !name.includes("/"));
  if (!resource) throw new AppError("lab.manifest", { say: `The API server knows no ${manifest.kind} of ${manifest.apiVersion}` });
  return { plural: resource.name, namespaced: resource.namespaced };
}
