import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "../images/run-command.ts";
import { withFileLock } from "../images/with-file-lock.ts";

/** An unpacked kernel package: the image to boot, and where modprobe finds the modules (`<root>/lib/modules/<release>`). */
export type GuestKernel = { release: string; image: string; root: string };

/** The series that guests can run, and the Debian package that stands for the newest kernel of each. */
export const SERIES = { "6.1": "linux-image-cloud-amd64", "6.12": "linux-image-6.12-cloud-amd64" } as const;
/** One of them. */
export type Series = keyof typeof SERIES;

/** `6.1,6.12`: one kernel for each virtual machine. Nothing when a part of it names none that guests can run. */
export function parseSeries(text: string): Series[] | undefined {
  const parts = text.split(",");
  return parts.every(isSeries) ? parts : undefined;
}

function isSeries(text: string): text is Series {
  return Object.hasOwn(SERIES, text);
}

const DOWNLOAD_TIMEOUT_MS = 180_000;
const QUICK_TIMEOUT_MS = 30_000;
/** The largest module of these kernels has 5 MB. */
const MODULE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Debian's cloud kernel of a series. What the cache holds is used as it is; else the newest is downloaded (35 MB) and unpacked, without
 * being installed. Remove the cache's folder `kernels` to get a newer one.
 * @param cache the product's cache folder (cache-folder.ts)
 * @throws Error of apt-get where the archive has no such package or cannot be reached.
 */
export async function guestKernel(series: Series, cache: string): Promise<GuestKernel> {
  const folder = path.join(cache, "kernels", series);
  if (!existsSync(folder))
    await withFileLock({ file: `${folder}.lock`, waitMs: DOWNLOAD_TIMEOUT_MS, holder: "Another download of this kernel" }, async () => {
      if (!existsSync(folder)) await download(series, folder);
    });
  const release = readdirSync(path.join(folder, "lib/modules")).find((name) => name.startsWith(`${series}.`));
  const image = path.join(folder, "boot", `vmlinuz-${release}`);
  if (release === undefined || !existsSync(image))
    throw new Error(`${folder} holds no kernel of series ${series}: remove it and try again`);
  return { release, image, root: folder };
}

/** Files of modules and of what they need, in the order in which they are to be loaded; what the kernel has built in is left out. */
export async function moduleFiles({ root, release }: GuestKernel, names: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(names.map((name) => run(["modprobe", "-d", root, "-S", release, "--show-depends", name])));
  const lines = answers.flatMap((answer) => answer.split("\n").filter((line) => line.startsWith("insmod ")));
  return [...new Set(lines.map((line) => line.slice("insmod ".length).trim()))];
}

/** A module's content as insmod of any guest reads it: not compressed. */
export function moduleContent(file: string): Buffer {
  if (!file.endsWith(".xz")) return readFileSync(file);
  return execFileSync("xz", ["-dc", file], { timeout: QUICK_TIMEOUT_MS, maxBuffer: MODULE_BYTES_MAX });
}

/** Unpacks beside the final place and renames, so that an interrupted download is never taken for a kernel. */
async function download(series: Series, folder: string): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    const name = await packageOf(series);
    await runCommand({ argv: ["apt-get", "-q", "download", name], cwd: work, timeoutMs: DOWNLOAD_TIMEOUT_MS });
    const [archive] = globSync("*.deb", { cwd: work });
    if (archive === undefined) throw new Error(`apt-get downloaded no ${name}`);
    const root = path.join(work, "root");
    await runCommand({ argv: ["dpkg-deb", "-x", path.join(work, archive), root], timeoutMs: DOWNLOAD_TIMEOUT_MS });
    for (const release of readdirSync(path.join(root, "lib/modules"))) await run(["depmod", "-b", root, release]);
    await rename(root, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The package with the version in its name, which the series' package depends on. */
async function packageOf(series: Series): Promise<string> {
  const name = new RegExp(`Depends: (linux-image-${series.replace(".", "\\.")}\\.\\S+)`);
  // A machine that has never asked its archive knows no package at all, which apt-cache calls an error.
  const ask = (): Promise<string> => run(["apt-cache", "depends", SERIES[series]]).catch(() => "");
  const find = async (): Promise<string | undefined> => name.exec(await ask())?.[1];
  const known = await find();
  if (known !== undefined) return known;
  await runCommand({ argv: ["apt-get", "update", "-q"], timeoutMs: DOWNLOAD_TIMEOUT_MS });
  const found = await find();
  if (found === undefined)
    throw new Error(`The package archive has no kernel of series ${series}: ${SERIES[series]} stands for another one`);
  return found;
}

function run(argv: readonly string[]): Promise<string> {
  return runCommand({ argv, timeoutMs: QUICK_TIMEOUT_MS });
}
