import { createHash } from "node:crypto";
import { mkdir, readdir, realpath, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import type { ClusterId } from "@hostrouting/domain";
import { withFileLock } from "../images/with-file-lock.ts";
import { planLab } from "../lab/lab-plan.ts";
import { keepLogs, removeLab } from "../lab/stop-lab.ts";

/** Where an installation keeps the labs that were made on request, one folder for each cluster. */
export function clustersFolder(stateRoot: string): string {
  return path.join(stateRoot, "clusters");
}

/** A cluster's folder below it: 12 hex digits of the SHA-256 of its id, so that no name is too long or means something to a file system. */
export function placeOf(clusterId: ClusterId): string {
  return createHash("sha256").update(clusterId).digest("hex").slice(0, 12);
}

/** The state folder of a cluster's lab; it is made when it is not there. */
export async function makeLabFolder(clusters: string, clusterId: ClusterId): Promise<string> {
  const folder = path.join(clusters, placeOf(clusterId));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return realpath(folder);
}

/** The folders that are there, by their names. */
export async function keptPlaces(clusters: string): Promise<string[]> {
  const entries = await readdir(clusters, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && /^[0-9a-f]{12}$/.test(entry.name)).map(({ name }) => name);
}

/** Starting, changing and stopping are waited for. */
const LOCK_WAIT_MS = 60_000;

/** Ends everything of one lab and removes its folder; nothing there is as good. Throws AppError `lab.process-stuck`, `lock.busy`. */
export async function removePlace(clusters: string, place: string): Promise<void> {
  const folder = path.join(clusters, place);
  if (!existsSync(folder)) return;
  const lab = planLab(await realpath(folder));
  const lock = { file: path.join(lab.stateDir, "lab.lock"), waitMs: LOCK_WAIT_MS, holder: "Another start or stop of this lab" };
  await withFileLock(lock, () => removeLab(lab));
  await rm(folder, { recursive: true, force: true });
}

/**
 * Ends all labs that were made on request, of an installation that ends: whoever made them must have ended. Their folders and last logs stay: the clusters
 * are wished for, and the next start makes them anew.
 */
export async function endAllLabs(stateRoot: string): Promise<void> {
  const clusters = clustersFolder(stateRoot);
  await Promise.all(
    (await keptPlaces(clusters)).map(async (place) => {
      const lab = planLab(await realpath(path.join(clusters, place)));
      await keepLogs(lab);
      await removeLab(lab);
    }),
  );
}
