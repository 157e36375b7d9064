import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { unpin } from "@hostrouting/bpf-loader";

/** Names of the maps in bpf/host-routing/maps.h, pinned under `maps/`. */
export const MAP_NAMES = ["hr_control", "hr_heartbeat", "hr_endpoints", "hr_ranges", "hr_devices", "hr_flows", "hr_metrics"] as const;
/** Names of the programs, pinned under `programs/`. */
export const PROGRAM_NAMES = ["from_pod", "from_net", "control"] as const;

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

  map(name: (typeof MAP_NAMES)[number]): string {
    return join(this.path, "maps", name);
  }

  program(name: (typeof PROGRAM_NAMES)[number]): string {
    return join(this.path, "programs", name);
  }

  link(ifindex: number | string): string {
    return join(this.path, "links", String(ifindex));
  }

  /** Makes the empty folders. */
  create(): void {
    for (const part of ["maps", "programs", "links"]) mkdirSync(join(this.path, part), { recursive: true });
  }

  /** Interface indexes that have a pinned link. */
  linkedDevices(): number[] {
    return list(join(this.path, "links")).map(Number).filter(Number.isInteger);
  }

  /** Names of all link pins, also those of a self-test that was interrupted. */
  linkNames(): string[] {
    return list(join(this.path, "links"));
  }

  /** Whether every map and program is pinned. */
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
