import { existsSync } from "node:fs";
import { readdir, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../images/run-command.ts";
import { withFileLock } from "../images/with-file-lock.ts";
import { endCgroup, readHierarchies } from "./cgroups.ts";
import { planLab, type LabPlan } from "./lab-plan.ts";

/** Removing one name is immediate. */
const NETNS_TIMEOUT_MS = 5_000;

/** A start that is under way is waited for. */
const LOCK_WAIT_MS = 60_000;

/** Stops the lab of a state folder and leaves nothing of it but its last logs. Safe to repeat, and when nothing was started. */
export async function stopLab(stateDir: string): Promise<void> {
  if (!existsSync(stateDir)) return;
  const lab = planLab(await realpath(stateDir));
  await withFileLock(
    { file: join(lab.stateDir, "lab.lock"), waitMs: LOCK_WAIT_MS, holder: "Another start or stop of this lab" },
    async () => {
      await keepLogs(lab);
      await removeLab(lab);
    },
  );
}

/**
 * Ends everything of one lab and leaves nothing: its processes (by cgroup, so shims and pods too), network namespaces with their links,
 * cgroups, files. Mounts, pods' namespaces and eBPF pins live in the nodes' mount namespaces and go with their last process.
 * Works the same on a lab that runs, one half started, and one whose processes were killed. Logs and etcd's content go too.
 */
export async function removeLab(lab: LabPlan): Promise<void> {
  const hierarchies = await readHierarchies();
  await endCgroup(hierarchies, lab.cgroup);
  const names = (await readdir("/run/netns").catch(() => [])).filter((name) => name.startsWith(`acns-${lab.id}-`));
  await removeNetns(names);
  await rm(lab.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** Removes those of these network namespaces that are there. */
export async function removeNetns(names: readonly string[]): Promise<void> {
  const there = names.filter((name) => existsSync(join("/run/netns", name)));
  await Promise.all(there.map((name) => runCommand({ argv: ["ip", "netns", "delete", name], timeoutMs: NETNS_TIMEOUT_MS })));
}

/** Keeps the logs of a lab that is about to be removed, in `<state folder>/lab-logs`, replacing those of the one before. */
export async function keepLogs(lab: LabPlan): Promise<void> {
  const kept = join(lab.stateDir, "lab-logs");
  await rm(kept, { recursive: true, force: true });
  await runCommand({ argv: ["cp", "-r", join(lab.folder, "log"), kept], timeoutMs: NETNS_TIMEOUT_MS }).catch(() => undefined); // none yet
}
