import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { readFileSync } from "node:fs";
import { baseImageName, buildBaseImage } from "./base-image.ts";
import type { BundleContent } from "./bundle-content.ts";
import { stageFiles, type ImageStore } from "./image-store.ts";

/** Says which step of a longer build begins. */
export type Progress = (line: string) => void;

/** What building a bundle needs. */
export interface BundleBuild {
  readonly project: string;
  readonly content: BundleContent;
  readonly store: ImageStore;
  /** A folder for files on the way, emptied afterwards. */
  readonly scratch: string;
  readonly onProgress: Progress;
}

/** The image's name: what the cluster's manifests say. */
export function bundleImageName(digest: string): string {
  return `localhost/acns-hostrouting/bundle:${digest.replace("sha256:", "").slice(0, 12)}`;
}

/**
 * Builds the bundle in three layers, each kept by the store: Debian and Node; third-party packages; our sources and eBPF objects.
 * A change of our own sources makes only the last one again.
 */
export async function buildBundleImage(build: BundleBuild): Promise<void> {
  const dependencies = `localhost/acns-hostrouting/dependencies:${build.content.dependenciesKey}`;
  if (!(await build.store.has(dependencies))) await buildDependencies(build, dependencies);
  build.onProgress("image: layer of our sources");
  const staging = join(build.scratch, "app");
  await rm(staging, { recursive: true, force: true });
  const app = join(staging, "app");
  await stageFiles(build.project, build.content.files, app);
  await linkWorkspaces(build.project, build.content.workspaces, app);
  await writeFile(join(app, "BUNDLE_DIGEST"), `${build.content.digest}\n`);
  await writeFile(join(app, "package.json"), JSON.stringify({ name: "acns-host-routing", private: true, type: "module" }));
  await build.store.addLayer({
    from: dependencies,
    content: staging,
    name: bundleImageName(build.content.digest),
    labels: { "hostrouting.acns.azure.com/bundle-digest": build.content.digest },
  });
  await rm(staging, { recursive: true, force: true });
}

async function buildDependencies(build: BundleBuild, name: string): Promise<void> {
  if (!(await build.store.has(baseImageName()))) {
    build.onProgress("image: base layer, Debian packages and Node (once)");
    await buildBaseImage(build.store, build.scratch);
  }
  build.onProgress("image: layer of third-party packages");
  const staging = join(build.scratch, "dependencies");
  await rm(staging, { recursive: true, force: true });
  for (const folder of build.content.installed) {
    await mkdir(dirname(join(staging, "app", folder)), { recursive: true });
    await cp(join(build.project, folder), join(staging, "app", folder), { recursive: true, filter: isLoaded });
  }
  await build.store.addLayer({ from: baseImageName(), content: staging, name });
  await rm(staging, { recursive: true, force: true });
}

/** Declarations, source maps and prose are never loaded; nested packages are entries of the closure in their own right. */
function isLoaded(path: string): boolean {
  return !/\.(d\.[cm]?ts|map|md|markdown)$/.test(path) && basename(path) !== "node_modules";
}

/** Node strips types only outside node_modules, so our packages stay workspaces behind links, as in the checkout. */
async function linkWorkspaces(project: string, workspaces: readonly string[], app: string): Promise<void> {
  for (const folder of workspaces) {
    const { name } = JSON.parse(readFileSync(join(project, folder, "package.json"), "utf8")) as { name: string };
    const link = join(app, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(relative(dirname(link), join(app, folder)), link);
  }
}
