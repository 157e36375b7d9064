import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { baseImageKey } from "./base-image.ts";
import { readBundleContent, keyOf, type BundleContent } from "./bundle-content.ts";
import { buildBundleImage, bundleImageName, type Progress } from "./bundle-image.ts";
import { openImageStore } from "./image-store.ts";
import { buildPauseImage, pauseImageName } from "./pause-image.ts";
import { pruneOld } from "./prune-old.ts";
import { runCommand } from "./run-command.ts";
import { buildUnpackedTemplate } from "./unpacked-template.ts";
import { withFileLock } from "./with-file-lock.ts";

/** clang compiles one object in under 2 s. */
const OBJECTS_TIMEOUT_MS = 120_000;

/** A first build takes a minute; whoever comes second waits for it. */
const LOCK_WAIT_MS = 600_000;

/** Archives and templates of former bundles kept for going back and forth between two states of the sources. */
const BUILDS_KEPT = 3;

/** Where images are built and from what. */
export interface ImageOptions {
  /** The checkout. */
  readonly project: string;
  /** The cache folder of the product. */
  readonly cache: string;
  readonly onProgress: Progress;
}

/** Images that are ready to run. */
export interface PreparedImages {
  /** Name of the image that holds agent and demo application. */
  readonly bundle: string;
  /** `sha256:` and 64 hex digits over the bundle's content; also in the image as /app/BUNDLE_DIGEST. */
  readonly bundleDigest: string;
  /** Name of the sandbox image. */
  readonly pause: string;
  /** docker-archives of both, for other ways of loading them. */
  readonly archives: readonly string[];
  /** A containerd root that has both imported and unpacked (see unpacked-template.ts). */
  readonly template: string;
}

/** Builds what is not there yet: eBPF objects, images, archives, the unpacked template. Nothing to do takes under 0.1 s. */
export async function prepareImages(options: ImageOptions): Promise<PreparedImages> {
  await buildObjects(options);
  const content = await readBundleContent(options.project, baseImageKey());
  const pause = await pauseImageName();
  const folder = join(options.cache, "images");
  const archives = [join(folder, "archives", `bundle-${keyOf([content.digest])}.tar`), join(folder, "archives", `${keyOf([pause])}.tar`)];
  const template = join(folder, "templates", keyOf([content.digest, pause, "template-1"]));
  const prepared = { bundle: bundleImageName(content.digest), bundleDigest: content.digest, pause, archives, template };
  if (existsSync(template)) return prepared;
  await withFileLock({ file: join(folder, "lock"), waitMs: LOCK_WAIT_MS, holder: "Another image build" }, () =>
    buildMissing(options, content, prepared),
  );
  return prepared;
}

async function buildObjects(options: ImageOptions): Promise<void> {
  if (!existsSync(join(options.project, "bpf/Makefile"))) return;
  await runCommand({ argv: ["make", "--silent", "-C", join(options.project, "bpf")], timeoutMs: OBJECTS_TIMEOUT_MS });
}

async function buildMissing(options: ImageOptions, content: BundleContent, prepared: PreparedImages): Promise<void> {
  if (existsSync(prepared.template)) return; // the build that held the lock made it
  const folder = join(options.cache, "images");
  const scratch = join(folder, "scratch");
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const store = openImageStore(join(folder, "store"));
  await store.tidy();
  const [bundleArchive, pauseArchive] = prepared.archives;
  if (bundleArchive && !existsSync(bundleArchive)) {
    await buildBundleImage({ project: options.project, content, store, scratch, onProgress: options.onProgress });
    await store.writeArchive(prepared.bundle, bundleArchive);
  }
  if (pauseArchive && !existsSync(pauseArchive)) {
    await buildPauseImage(store, scratch);
    await store.writeArchive(prepared.pause, pauseArchive);
  }
  options.onProgress("image: unpacking for the nodes");
  await buildUnpackedTemplate({ archives: prepared.archives, target: prepared.template, scratch });
  await rm(scratch, { recursive: true, force: true });
  await pruneOld(join(folder, "archives"), BUILDS_KEPT + 1);
  await pruneOld(join(folder, "templates"), BUILDS_KEPT);
}
