import { existsSync } from "node:fs";
import { join } from "node:path";
import { attachTracing, BpfMap, BpfObject, detachPinnedLink, HeldLink, unpin } from "@hostrouting/bpf-loader";
import { makePinFolder, removeFolder } from "../host-routing/pin-folder.ts";
import { GUARD_LAYOUTS } from "./guard-layout.ts";
import { GUARD_MAPS as MAPS, GuardTables, type GuardMaps as Maps } from "./guard-tables.ts";

/** The ways to refuse, best first, and the object that goes each way. */
export const GUARD_OBJECTS = { Lsm: "guard_lsm.bpf.o", FmodRet: "guard_fmod_ret.bpf.o" } as const;
/** One of them. */
export type DenyingRung = keyof typeof GUARD_OBJECTS;

/** Pinned in this order: the last one says that all is there. */
const PROGRAMS = ["on_netlink_send", "on_setsockopt", "on_bpf"] as const;

type Links = Record<(typeof PROGRAMS)[number], HeldLink>;

/**
 * Where and what to load. `former`: maps of an earlier version to go on with, so that no permit is missing and no total is lost. All but
 * the namespaces: both versions' programs are on for a while, and a trial must meet the new ones alone.
 */
export type LoadOptions = { readonly folder: string; readonly objectPath: string; readonly former?: GuardPrograms | undefined };

/**
 * The guard's programs and maps in the kernel. Pins keep them when the agent ends; descriptors keep them when somebody removes the pins.
 * A folder belongs to one version of the programs and one rung.
 */
export class GuardPrograms extends GuardTables {
  readonly folder: string;
  readonly #links: Links;

  private constructor(folder: string, maps: Maps, links: Links) {
    super(maps);
    this.folder = folder;
    this.#links = links;
  }

  /** Opens what an earlier agent of the same version left, or undefined when it is not whole or has other shapes. */
  static adopt(folder: string): GuardPrograms | undefined {
    if (![...MAPS, ...PROGRAMS.map(linkName)].every((name) => existsSync(join(folder, name)))) return undefined;
    const maps = Object.fromEntries(MAPS.map((name) => [name, BpfMap.openPinned(join(folder, name))])) as Maps;
    const links = Object.fromEntries(PROGRAMS.map((name) => [name, HeldLink.openPinned(join(folder, linkName(name)))])) as Links;
    const programs = new GuardPrograms(folder, maps, links);
    if (fits(maps)) return programs;
    programs.close();
    return undefined;
  }

  /**
   * Loads, pins and attaches. It guards no namespace until `setNamespace`, and audits until `setSettings`, unless it goes on with a former
   * version's maps.
   * @throws AppError where the kernel does not let such programs be loaded or attached. Then nothing is left.
   */
  static load({ folder, objectPath, former }: LoadOptions): GuardPrograms {
    GuardPrograms.remove(folder);
    makePinFolder(folder);
    let object: BpfObject | undefined;
    try {
      object = BpfObject.load(objectPath, former && fits(former.maps) ? { maps: former.#kept() } : {});
      for (const name of MAPS) object.map(name).pin(join(folder, name));
      for (const name of PROGRAMS) attachTracing(object.program(name), join(folder, linkName(name)));
    } catch (error) {
      GuardPrograms.remove(folder);
      throw error;
    } finally {
      object?.close();
    }
    const opened = GuardPrograms.adopt(folder);
    if (!opened) throw new Error(`what was pinned in ${folder} is gone`);
    return opened;
  }

  /** Detaches and removes everything pinned in `folder`, whoever pinned it. Nothing there is no error. */
  static remove(folder: string): void {
    for (const name of PROGRAMS) detachPinnedLink(join(folder, linkName(name)));
    for (const name of MAPS) unpin(join(folder, name));
    removeFolder(folder);
  }

  /** Names of pins that somebody has removed. The programs are on all the same. */
  missingPins(): string[] {
    return [...MAPS, ...PROGRAMS.map(linkName)].filter((name) => !existsSync(join(this.folder, name)));
  }

  /** Pins again what somebody has removed, and answers with its names. @throws AppError while there is no bpf file system. */
  repin(): string[] {
    const missing = this.missingPins();
    if (missing.length > 0) makePinFolder(this.folder);
    for (const name of MAPS) if (missing.includes(name)) this.maps[name].pin(join(this.folder, name));
    for (const name of PROGRAMS) if (missing.includes(linkName(name))) this.#links[name].pin(join(this.folder, linkName(name)));
    return missing;
  }

  #kept(): Omit<Maps, "gd_namespaces"> {
    const { gd_namespaces: _own, ...kept } = this.maps;
    return kept;
  }

  /** Lets go of descriptors; the guard goes on. */
  close(): void {
    for (const map of Object.values(this.maps)) map.close();
    for (const link of Object.values(this.#links)) link.close();
  }

  /** Guards nothing any more: also where other pins, below a file system that was mounted over ours, keep the programs on. */
  retire(): void {
    for (const inode of this.namespaces()) this.setNamespace(inode, undefined);
  }

  /** Ends the guard and leaves nothing behind. */
  end(): void {
    this.retire();
    this.close();
    GuardPrograms.remove(this.folder);
  }
}

function linkName(program: string): string {
  return `${program}-link`;
}

function fits(maps: Maps): boolean {
  const { gd_settings, gd_cgroup, gd_scope, gd_executable } = GUARD_LAYOUTS;
  return (
    maps.gd_settings.valueSize === gd_settings.size &&
    maps.gd_cgroups.valueSize === gd_cgroup.size &&
    maps.gd_scopes.keySize === gd_scope.size &&
    maps.gd_executables.keySize === gd_executable.size &&
    maps.gd_counters.valueSize % GUARD_LAYOUTS.gd_counters.size === 0
  );
}
