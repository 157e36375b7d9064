import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCommand } from "./run-command.ts";

/** Copying 250 MB of files into a layer takes seconds; a minute means that the disk is stuck. */
const LAYER_TIMEOUT_MS = 120_000;

/** One layer to lay over an image, and the name of the result. */
export interface Layer {
  /** Image to start from; `scratch` for none. */
  readonly from: string;
  /** A folder, or a tar archive, whose content becomes the layer's root. */
  readonly content: string;
  readonly name: string;
  readonly entrypoint?: readonly string[];
  readonly workingDir?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Builds images without a daemon or a registry; everything that it keeps is below one folder. */
export interface ImageStore {
  /** Removes what builds that were broken off left. */
  tidy(): Promise<void>;
  has(name: string): Promise<boolean>;
  addLayer(layer: Layer): Promise<void>;
  /** Writes an uncompressed docker-archive that containerd imports under the same name. */
  writeArchive(name: string, file: string): Promise<void>;
}

/** An image store in `folder`, by buildah. Throws AppError `command.*` when buildah refuses. */
export function openImageStore(folder: string): ImageStore {
  const buildah = (...args: readonly string[]): Promise<string> =>
    runCommand({
      // In a mount namespace of its own: a build that is killed leaves no mount behind.
      argv: [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "buildah",
        "--root",
        join(folder, "root"),
        "--runroot",
        join(folder, "run"),
        "--storage-driver",
        "overlay",
        ...args,
      ],
      timeoutMs: LAYER_TIMEOUT_MS,
    });
  return {
    tidy: async () => void (await buildah("rm", "--all")),
    has: (name) =>
      buildah("inspect", "--type", "image", name).then(
        () => true,
        () => false,
      ),
    addLayer: (layer) => addLayer(buildah, layer),
    writeArchive: (name, file) => writeArchive(buildah, name, file),
  };
}

type Buildah = (...args: readonly string[]) => Promise<string>;

async function addLayer(buildah: Buildah, layer: Layer): Promise<void> {
  const container = (await buildah("from", "--pull-never", layer.from)).trim();
  try {
    await buildah("add", "--quiet", container, layer.content, "/");
    await buildah("config", ...configFlags(layer), container);
    await buildah("commit", "--quiet", container, layer.name);
  } finally {
    await buildah("rm", container);
  }
}

function configFlags(layer: Layer): string[] {
  const flags = Object.entries(layer.labels ?? {}).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
  if (layer.entrypoint) flags.push("--entrypoint", JSON.stringify(layer.entrypoint));
  if (layer.workingDir) flags.push("--workingdir", layer.workingDir);
  return [...flags, "--created-by", "acns-host-routing"];
}

/** buildah appends to an archive that exists, so it always writes a new one, which then takes its place at once. */
async function writeArchive(buildah: Buildah, name: string, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  await buildah("push", "--quiet", name, `docker-archive:${fresh}:${name}`);
  await rename(fresh, file);
}

/** Copies files into a staging folder under the same relative names. */
export async function stageFiles(project: string, files: readonly string[], staging: string): Promise<void> {
  for (const file of files) {
    const target = join(staging, file);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(project, file), target);
  }
}
