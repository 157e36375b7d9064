import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "../../infra/images/cache-folder.ts";

/** An unpacked kernel package: the image to boot, and where modprobe finds the modules (`<root>/lib/modules/<release>`). */
export type GuestKernel = { release: string; image: string; root: string };

/** The series that are tried, and the Debian package that stands for the newest kernel of each. */
export const SERIES = { "6.1": "linux-image-cloud-amd64", "6.12": "linux-image-6.12-cloud-amd64" } as const;
/** One of them. */
export type Series = keyof typeof SERIES;

const DOWNLOAD_TIMEOUT_MS = 180_000;
const QUICK_TIMEOUT_MS = 30_000;

/**
 * Debian's cloud kernel of a series. What the cache holds is used as it is; else the newest is downloaded (35 MB) and unpacked, without
 * being installed. Remove the cache's folder `kernels` to get a newer one.
 * @throws Error of apt-get where the archive has no such package or cannot be reached.
 */
export function guestKernel(series: Series): GuestKernel {
  const folder = path.join(cacheFolder(process.env), "kernels", series);
  if (!existsSync(folder)) download(series, folder);
  const release = readdirSync(path.join(folder, "lib/modules")).find((name) => name.startsWith(`${series}.`));
  const image = path.join(folder, "boot", `vmlinuz-${release}`);
  if (release === undefined || !existsSync(image))
    throw new Error(`${folder} holds no kernel of series ${series}: remove it and try again`);
  return { release, image, root: folder };
}

/** Files of a module and of what it needs, in the order in which they are to be loaded. */
export function moduleFiles({ root, release }: GuestKernel, names: readonly string[]): string[] {
  const lines = names.flatMap((name) =>
    run("modprobe", ["-d", root, "-S", release, "--show-depends", name])
      .split("\n")
      .filter((line) => line.startsWith("insmod ")),
  );
  return [...new Set(lines.map((line) => line.slice("insmod ".length).trim()))];
}

/** Unpacks beside the final place and renames, so that an interrupted download is never taken for a kernel. */
function download(series: Series, folder: string): void {
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}-`);
  try {
    const name = packageOf(series);
    run("apt-get", ["-q", "download", name], { cwd: work, timeout: DOWNLOAD_TIMEOUT_MS });
    const [archive] = globSync("*.deb", { cwd: work });
    if (archive === undefined) throw new Error(`apt-get downloaded no ${name}`);
    const root = path.join(work, "root");
    run("dpkg-deb", ["-x", path.join(work, archive), root], { timeout: DOWNLOAD_TIMEOUT_MS });
    for (const release of readdirSync(path.join(root, "lib/modules"))) run("depmod", ["-b", root, release]);
    renameSync(root, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The package with the version in its name, which the series' package depends on. */
function packageOf(series: Series): string {
  const find = (): string | undefined =>
    new RegExp(`Depends: (linux-image-${series.replace(".", "\\.")}\\.\\S+)`).exec(run("apt-cache", ["depends", SERIES[series]]))?.[1];
  const known = find();
  if (known !== undefined) return known;
  run("apt-get", ["update", "-q"], { timeout: DOWNLOAD_TIMEOUT_MS });
  const found = find();
  if (found === undefined)
    throw new Error(`The package archive has no kernel of series ${series}: ${SERIES[series]} stands for another one`);
  return found;
}

function run(command: string, args: readonly string[], options: { cwd?: string; timeout?: number } = {}): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: QUICK_TIMEOUT_MS, ...options });
}
