import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "@hostrouting/domain";

/** One cgroup hierarchy of this machine. */
export interface Hierarchy {
  readonly mount: string;
  readonly version: 1 | 2;
  /** v1: it has the cpuset controller, whose files must be filled before a process may join. */
  readonly cpuset: boolean;
}

/** Signals are sent again this often until a cgroup is empty. */
const KILL_INTERVAL_MS = 25;

/** Killed processes are gone within milliseconds; after this one hangs in the kernel. */
const KILL_TIMEOUT_MS = 8_000;

/** Controllers that the kubelet needs below the lab's cgroup on a machine that has only v2. */
const V2_CONTROLLERS = ["cpuset", "cpu", "io", "memory", "pids", "hugetlb"];

/** All cgroup mounts named in /proc/self/mountinfo (proc(5)): v1, v2, or both on a hybrid machine. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    const mount = left?.split(" ")[4];
    const [type, , options] = right?.split(" ") ?? [];
    if (mount === undefined || (type !== "cgroup" && type !== "cgroup2")) continue;
    found.set(mount, {
      mount,
      version: type === "cgroup2" ? 2 : 1,
      cpuset: type === "cgroup" && (options ?? "").split(",").includes("cpuset"),
    });
  }
  return [...found.values()];
}

/** Reads this machine's hierarchies. Throws AppError `lab.no-cgroups` when none is mounted. */
export async function readHierarchies(): Promise<Hierarchy[]> {
  const hierarchies = parseHierarchies(await readFile("/proc/self/mountinfo", "utf8"));
  if (hierarchies.length === 0)
    throw new AppError("lab.no-cgroups", {
      say: "No cgroup file system is mounted",
      do: "Mount one: `mount -t cgroup2 cgroup2 /sys/fs/cgroup`",
    });
  return hierarchies;
}

/** Makes a cgroup (`acns-1a2b3c/aks-user-0/system.slice/kubelet.service`) in every hierarchy and gives the files that a process writes its pid to. */
export async function createCgroup(hierarchies: readonly Hierarchy[], path: string): Promise<string[]> {
  await Promise.all(hierarchies.map((hierarchy) => createIn(hierarchy, path)));
  return hierarchies.map(({ mount }) => join(mount, path, "cgroup.procs"));
}

async function createIn(hierarchy: Hierarchy, path: string): Promise<void> {
  const v2Only = hierarchy.version === 2 && existsSync(join(hierarchy.mount, "cgroup.controllers"));
  for (let at = "", rest = path.split("/"); rest.length > 0; rest = rest.slice(1)) {
    if (v2Only) await handDownControllers(join(hierarchy.mount, at));
    const parent = join(hierarchy.mount, at);
    at = join(at, rest[0] ?? "");
    await mkdir(join(hierarchy.mount, at), { recursive: true });
    if (hierarchy.cpuset) await fillCpuset(parent, join(hierarchy.mount, at));
  }
}

/** On a hybrid machine v2 has no controllers and this writes nothing. */
async function handDownControllers(folder: string): Promise<void> {
  const available = (await readFile(join(folder, "cgroup.controllers"), "utf8")).trim().split(" ");
  const wanted = V2_CONTROLLERS.filter((name) => available.includes(name)).map((name) => `+${name}`);
  if (wanted.length > 0) await writeFile(join(folder, "cgroup.subtree_control"), wanted.join(" "));
}

async function fillCpuset(parent: string, child: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const current = (await readFile(join(child, file), "utf8")).trim();
    if (current === "") await writeFile(join(child, file), (await readFile(join(parent, file), "utf8")).trim());
  }
}

/** Every process below a cgroup, in any hierarchy. */
export async function cgroupPids(hierarchies: readonly Hierarchy[], path: string): Promise<number[]> {
  const folders = (await Promise.all(hierarchies.map(({ mount }) => foldersBelow(join(mount, path))))).flat();
  const texts = await Promise.all(folders.map((folder) => readFile(join(folder, "cgroup.procs"), "utf8").catch(() => "")));
  const pids = texts.flatMap((text) => text.split("\n")).filter((line) => line !== "" && line !== "0");
  return [...new Set(pids.map(Number))];
}

/**
 * Kills every process below a cgroup and waits until none is left, then removes the cgroups. Kills nothing outside.
 * Throws AppError `lab.process-stuck` naming what is still there after 8 s.
 */
export async function endCgroup(hierarchies: readonly Hierarchy[], path: string): Promise<void> {
  const deadline = Date.now() + KILL_TIMEOUT_MS;
  for (let left = await cgroupPids(hierarchies, path); left.length > 0; left = await cgroupPids(hierarchies, path)) {
    if (Date.now() > deadline)
      throw new AppError("lab.process-stuck", {
        say: `Processes ${left.join(", ")} do not end`,
        do: "Look at them with `ps -o pid,stat,wchan,cmd -p`",
      });
    for (const pid of left) kill(pid);
    await pause(KILL_INTERVAL_MS);
  }
  for (const { mount } of hierarchies) await removeBelow(join(mount, path), deadline);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A cgroup is busy for a moment after its last process has gone. */
async function removeBelow(top: string, deadline: number): Promise<void> {
  for (const folder of (await foldersBelow(top)).reverse())
    for (;;) {
      const error = await rmdir(folder).then(
        () => undefined,
        (cause: NodeJS.ErrnoException) => cause,
      );
      if (error === undefined || error.code === "ENOENT") break;
      if (error.code !== "EBUSY" || Date.now() > deadline) throw error;
      await pause(KILL_INTERVAL_MS);
    }
}

/** Names of the cgroups directly below one, in any hierarchy. */
export async function childCgroups(hierarchies: readonly Hierarchy[], path: string): Promise<string[]> {
  const lists = await Promise.all(hierarchies.map(({ mount }) => readdir(join(mount, path), { withFileTypes: true }).catch(() => [])));
  return [...new Set(lists.flat().flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])))];
}

/** The folder itself and all below it, parents first. */
async function foldersBelow(top: string): Promise<string[]> {
  const entries = await readdir(top, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const below = await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => foldersBelow(join(top, entry.name))));
  return [top, ...below.flat()];
}
