import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";

/** Unpacking 30 packages takes 8 s; a slow mirror may need minutes. */
const TIMEOUT_MS = 300_000;

/** The Debian release of everything that is built here. */
export const DEBIAN_SUITE = "bookworm";

/** Parts that no program reads. */
const PROSE = ["usr/share/doc", "usr/share/man", "usr/share/locale"];

/** How packages are unpacked. */
export interface DebianRoot {
  /** Made anew. */
  readonly folder: string;
  readonly packages: readonly string[];
  /** /bin, /sbin and /lib are links into /usr, as on every installed Debian. */
  readonly mergedUsr: boolean;
}

/** mmdebstrap's own way of doing so. */
const MERGE_USR = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr";

/**
 * Unpacks packages and what they depend on, from the machine's own archive. Their scripts are not run, so what these would make (alternatives,
 * users) is not there; nor are devices.
 */
export async function unpackDebian({ folder, packages, mergedUsr }: DebianRoot): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const tar = `${folder}.tar`;
  const options = ["--quiet", "--variant=extract", ...(mergedUsr ? [MERGE_USR] : []), `--include=${packages.join(",")}`];
  await runCommand({ argv: ["mmdebstrap", ...options, DEBIAN_SUITE, tar], timeoutMs: TIMEOUT_MS });
  await runCommand({ argv: ["tar", "-C", folder, "--exclude=./dev/*", "-xf", tar], timeoutMs: TIMEOUT_MS });
  await rm(tar, { force: true });
  for (const name of PROSE) await rm(join(folder, name), { recursive: true, force: true });
}
