import { existsSync, mkdirSync, readdirSync, rmdirSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { unpin } from "@hostrouting/bpf-loader";
import { AppError } from "@hostrouting/domain";

/** Tells the link on a device's way out from the one on its way in, whose pin is the bare index. */
const GUARD_PREFIX = "out-";

/** BPF_FS_MAGIC of linux/magic.h. */
const BPF_FILE_SYSTEM = 0xcafe4a11;

/** Names of the maps in bpf/host-routing/maps.h, pinned under `maps/`. */
export const MAP_NAMES = [
  "hr_control",
  "hr_heartbeat",
  "hr_endpoints",
  "hr_ranges",
  "hr_devices",
  "hr_flows",
  "hr_metrics",
  "hr_nat_out",
  "hr_nat_in",
  "hr_masquerade",
  "hr_host_ports",
  "hr_sources",
  "hr_traced",
] as const;
/** Maps that came later: an earlier version's folder is complete without them. */
export const LATER_MAP_NAMES = ["hr_denied", "hr_denying"] as const;
/** Names of the programs, pinned under `programs/`. */
export const PROGRAM_NAMES = ["from_pod", "from_net", "control", "collect"] as const;
/** Programs that came later: an earlier version's folder is complete without them. */
export const LATER_PROGRAM_NAMES = ["trace_flow", "tell_ended_flows", "to_net"] as const;

/**
 * Where one version of the datapath is pinned: `<root>/<first 12 hex digits of the bundle digest>`. The folder's name
 * is the version, so that a later agent knows what it finds; `complete` tells a finished folder from one whose making
 * was interrupted.
 */
export class PinFolder {
  readonly path: string;
  readonly version: string;

  constructor(root: string, version: string) {
    this.version = version;
    this.path = join(root, version);
  }

  map(name: (typeof MAP_NAMES)[number] | (typeof LATER_MAP_NAMES)[number]): string {
    return join(this.path, "maps", name);
  }

  program(name: (typeof PROGRAM_NAMES)[number] | (typeof LATER_PROGRAM_NAMES)[number]): string {
    return join(this.path, "programs", name);
  }

  link(ifindex: number | string): string {
    return join(this.path, "links", String(ifindex));
  }

  /** Of the program on the way out of an uplink. */
  guardLink(ifindex: number): string {
    return this.link(`${GUARD_PREFIX}${ifindex}`);
  }

  /** Makes the empty folders. @throws AppError as `makePinFolder` does. */
  create(): void {
    for (const part of ["maps", "programs", "links"]) makePinFolder(join(this.path, part));
  }

  /** Interface indexes that have a pinned link. */
  linkedDevices(): number[] {
    return list(join(this.path, "links")).map(Number).filter(Number.isInteger);
  }

  /** Interface indexes that have a pinned link on their way out. */
  guardedDevices(): number[] {
    const names = this.linkNames().filter((name) => name.startsWith(GUARD_PREFIX));
    return names.map((name) => Number(name.slice(GUARD_PREFIX.length)));
  }

  /** Names of all link pins, also those of a self-test that was interrupted. */
  linkNames(): string[] {
    return list(join(this.path, "links"));
  }

  /** Whether every map is pinned, and every program that all versions have. */
  complete(): boolean {
    const maps = list(join(this.path, "maps"));
    const programs = list(join(this.path, "programs"));
    return MAP_NAMES.every((name) => maps.includes(name)) && PROGRAM_NAMES.every((name) => programs.includes(name));
  }

  /** Removes all pins but those of links, which must be detached first, and the folder. */
  remove(): void {
    for (const part of ["maps", "programs", "links"]) {
      for (const name of list(join(this.path, part))) unpin(join(this.path, part, name));
      removeFolder(join(this.path, part));
    }
    removeFolder(this.path);
  }
}

/**
 * Makes a folder for pins, and those that it is in.
 * @throws AppError `agent.no-bpffs` when that is in no bpf file system. Asked first, because Node's recursive mkdir never returns where the
 * kernel answers ENOENT below a folder that exists, as sysfs does.
 */
export function makePinFolder(path: string): void {
  let mount = dirname(path);
  while (!existsSync(mount)) mount = dirname(mount);
  if (statfsSync(mount).type !== BPF_FILE_SYSTEM)
    throw new AppError("agent.no-bpffs", { say: `${mount} is no bpf file system`, do: `Mount one there: mount -t bpf bpf ${mount}` });
  mkdirSync(path, { recursive: true });
}

/** Every version found under `root`. */
export function pinFolders(root: string): PinFolder[] {
  return list(root).map((version) => new PinFolder(root, version));
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Removes a folder that may hold what is not ours: then it stays. */
export function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
