import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { pruneOld } from "../images/prune-old.ts";
import { runCommand } from "../images/run-command.ts";
import { withFileLock } from "../images/with-file-lock.ts";

/** A disk that guests share and never write to. */
export interface SharedDisk {
  /** Where such disks are kept. */
  readonly folder: string;
  /** Names the content: equal keys, equal disks. */
  readonly key: string;
  /** Size of the file system; the file takes as much room as there is content. */
  readonly mebibytes: number;
  /** Says that the disk is being built. */
  readonly announce: () => void;
  /** Gives the folder whose content the disk gets; it may make one in `scratch`, which is removed afterwards. */
  fill(scratch: string): Promise<string>;
}

/** Half a gigabyte is written within 4 s. */
const WRITE_TIMEOUT_MS = 120_000;
/** Whoever comes second waits for the first, whose packages may take minutes to come. */
const LOCK_WAIT_MS = 600_000;
/** Disks of former contents kept for going back and forth. */
const KEPT = 3;

/** Gives the disk's file; it is built when there is none of this key. */
export async function sharedDisk(disk: SharedDisk): Promise<string> {
  const file = path.join(disk.folder, `${disk.key}.ext4`);
  if (existsSync(file)) return file;
  await withFileLock({ file: `${disk.folder}.lock`, waitMs: LOCK_WAIT_MS, holder: "Another build of a guest's disk" }, async () => {
    if (existsSync(file)) return; // the build that held the lock made it
    disk.announce();
    const scratch = `${disk.folder}.scratch`;
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true });
    await mkdir(disk.folder, { recursive: true });
    await writeDiskImage({ folder: await disk.fill(scratch), file, mebibytes: disk.mebibytes });
    await rm(scratch, { recursive: true, force: true });
    await pruneOld(disk.folder, KEPT);
  });
  return file;
}

/**
 * Writes a folder's content as an ext4 file system (mke2fs(8)), with owners, modes and extended attributes; the guests' kernels have ext4
 * built in. It has no journal: no guest's disk outlives its machine. The file has holes where there is no content, and appears complete or
 * not at all.
 */
export async function writeDiskImage(disk: { folder: string; file: string; mebibytes: number }): Promise<void> {
  const fresh = `${disk.file}.new`;
  await rm(fresh, { force: true });
  await runCommand({
    argv: ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", disk.folder, fresh, `${disk.mebibytes}M`],
    timeoutMs: WRITE_TIMEOUT_MS,
  });
  await rename(fresh, disk.file);
}
