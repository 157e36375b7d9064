import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A cgroup of the v2 hierarchy: its path below the mount, and its id, by which the kernel's programs know it. */
export type Cgroup = { readonly path: string; readonly id: bigint };

/** Pods' containers are at most so deep: kubepods, class of service, pod, container, and one that the container makes. */
const DEPTH_MAX = 6;
/** Ten times what 250 pods and the services of a node have. */
const CGROUPS_MAX = 20_000;

/**
 * Where the v2 hierarchy is mounted at or below `prefix`, or undefined. On a hybrid host inodes of v1 hierarchies mislead, so only what
 * mountinfo calls cgroup2 counts (proc(5), section mountinfo).
 */
export function findCgroupMount(mountinfo: string, prefix: string): string | undefined {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const mount = left.split(" ")[4];
    return mount !== undefined && right.startsWith("cgroup2 ") && `${mount}/`.startsWith(`${prefix}/`) ? [mount] : [];
  });
  return mounts.toSorted((a, b) => a.length - b.length)[0];
}

/** The mount of the host's v2 hierarchy as this process sees it. @param prefix where the pod has the host's /sys/fs/cgroup */
export function hostCgroupMount(prefix: string): string | undefined {
  return findCgroupMount(readFileSync("/proc/self/mountinfo", "utf8"), prefix);
}

/** All cgroups, outer ones first. What vanishes meanwhile is left out. */
export function readCgroups(mount: string): Cgroup[] {
  const found: Cgroup[] = [];
  const walk = (path: string, depth: number): void => {
    for (const name of folders(join(mount, path))) {
      if (found.length >= CGROUPS_MAX) return;
      const inner = `${path}/${name}`;
      const id = inode(join(mount, inner));
      if (id === undefined) continue;
      found.push({ path: inner, id });
      if (depth < DEPTH_MAX) walk(inner, depth + 1);
    }
  };
  walk("", 1);
  return found;
}

function folders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

function inode(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
