import { cp, glob, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { sharedDisk } from "./disk-image.ts";
import { guestKernel, moduleContent, moduleFiles, type GuestKernel, type Series } from "./guest-kernel.ts";
import { withFolders, writeInitramfs, type ArchiveEntry } from "./initramfs.ts";
import { runCommand } from "../images/run-command.ts";
import { nodeProgramsKey, writeNodePrograms } from "./node-programs.ts";

/** What guests are to be made from. */
export interface GuestOptions {
  /** The product's cache folder. */
  readonly cache: string;
  /** Folder of the Kubernetes programs; its name says what they were built from. */
  readonly programs: string;
  /** Folder of the unpacked images (unpacked-template.ts); its name says what it holds. */
  readonly template: string;
  readonly onProgress: (line: string) => void;
}

/** What a machine of one kernel needs beside a disk of its own. No machine writes to any of it, so that it serves any number of them. */
export interface PreparedGuest {
  readonly kernel: GuestKernel;
  /** Disk images, in the order in which boot.sh wants them: programs, kernel modules, unpacked images. */
  readonly disks: readonly [programs: string, modules: string, images: string];
}

/** By kernel. */
export type PreparedGuests = ReadonlyMap<Series, PreparedGuest>;

/** More than any of the disks holds; what is not used takes no room. */
const DISK_MEBIBYTES = 2048;

/** What the boot archive loads: the disks, the root file system, and the console on which the machine speaks. */
const BOOT_MODULES = ["virtio_pci", "virtio_blk", "virtio_console", "overlay"];
const BOOT = path.join(import.meta.dirname, "boot.sh");
/** A thousand modules, 100 MB. */
const UNPACK_TIMEOUT_MS = 120_000;
const EXECUTABLE = 0o755;
const READABLE = 0o644;

/** Gets or builds what machines of these kernels need and is not there yet; with everything there it takes no time. */
export async function prepareGuests(series: readonly Series[], options: GuestOptions): Promise<PreparedGuests> {
  const prepared = new Map<Series, PreparedGuest>();
  for (const one of new Set(series)) prepared.set(one, await prepareGuest(one, options));
  return prepared;
}

async function prepareGuest(series: Series, options: GuestOptions): Promise<PreparedGuest> {
  const folder = path.join(options.cache, "guests");
  await mkdir(folder, { recursive: true });
  const kernel = await guestKernel(series, options.cache);
  const disk = (name: string, key: string, fill: (scratch: string) => Promise<string>): Promise<string> =>
    sharedDisk({
      folder: path.join(folder, name),
      key,
      mebibytes: DISK_MEBIBYTES,
      announce: () => options.onProgress(`guests: disk of ${name} (once)`),
      fill,
    });
  const programs = await disk("programs", nodeProgramsKey(options.programs), async (scratch) => {
    const root = path.join(scratch, "root");
    await writeNodePrograms(root, options.programs);
    return root;
  });
  const modules = await disk("modules", `${kernel.release}-unpacked`, (scratch) => unpackModules(kernel, scratch));
  const images = await disk("images", path.basename(options.template), () => Promise.resolve(options.template));
  return { kernel, disks: [programs, modules, images] };
}

/** Modules that are compressed would be unpacked by an emulated processor, each time. */
async function unpackModules(kernel: GuestKernel, scratch: string): Promise<string> {
  const modules = path.join(scratch, "lib/modules");
  await cp(path.join(kernel.root, "lib/modules"), modules, { recursive: true, verbatimSymlinks: true });
  const packed = await Array.fromAsync(glob("**/*.ko.xz", { cwd: modules }));
  const run = (argv: readonly string[]): Promise<string> => runCommand({ argv, cwd: modules, timeoutMs: UNPACK_TIMEOUT_MS });
  if (packed.length > 0) await run(["xz", "--decompress", "--threads=1", ...packed]);
  await run(["depmod", "-b", scratch, kernel.release]);
  return modules;
}

/** Writes the archive that puts such a machine together (boot.sh). */
export async function writeBootArchive(file: string, kernel: GuestKernel): Promise<void> {
  const modules = await moduleFiles(kernel, BOOT_MODULES);
  const target = (module: string): string => `modules/${path.basename(module, ".xz")}`;
  const list = modules.map((module) => `/${target(module)}\n`).join("");
  const entries: ArchiveEntry[] = [
    { kind: "file", path: "init", mode: EXECUTABLE, data: await readFile(BOOT) },
    { kind: "file", path: "bin/busybox", mode: EXECUTABLE, data: await readFile("/bin/busybox") },
    { kind: "file", path: "modules/boot", mode: READABLE, data: Buffer.from(list) },
    ...modules.map((module): ArchiveEntry => ({ kind: "file", path: target(module), mode: READABLE, data: moduleContent(module) })),
  ];
  writeInitramfs(file, withFolders(entries, ["dev", "proc", "sys"]));
}
