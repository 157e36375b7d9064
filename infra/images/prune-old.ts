import { readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** An entry this young may belong to a start that has not used it yet. */
const FRESH_MS = 600_000;

/** Removes a folder's entries beyond the `kept` newest, except those that some process has mounted and those younger than ten minutes. */
export async function pruneOld(folder: string, kept: number, now = Date.now()): Promise<void> {
  const names = await readdir(folder);
  const entries = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  const old = entries
    .sort((one, other) => other.at - one.at)
    .slice(kept)
    .filter(({ at }) => now - at > FRESH_MS);
  if (old.length === 0) return;
  const mounts = await allMounts();
  for (const { name } of old) if (!mounts.includes(`/${name}/`)) await rm(join(folder, name), { recursive: true, force: true });
}

/** Mounts of every process: a node of a lab sees the unpacked images through mounts of its own. */
async function allMounts(): Promise<string> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => "")));
  return [...new Set(texts)].join("\n");
}
