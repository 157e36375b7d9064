import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { attachTracing, BpfMap, BpfObject, detachPinnedLink, HeldLink, RingBuffer, unpin } from "@hostrouting/bpf-loader";
import { removeFolder } from "../host-routing/pin-folder.ts";
import { OwnTable } from "./own-table.ts";
import {
  decodeAttempt,
  decodeCounters,
  decodeSettings,
  encodeExecutable,
  encodePermit,
  encodeScope,
  encodeSettings,
  GUARD_LAYOUTS,
  NAMESPACE_ROLES,
  type Attempt,
  type CgroupPermit,
  type ExecutableKey,
  type GuardCounters,
  type GuardSettings,
  type NamespaceRole,
  type ScopeKey,
} from "./guard-layout.ts";

/** The ways to refuse, best first, and the object that goes each way. */
export const GUARD_OBJECTS = { Lsm: "guard_lsm.bpf.o", FmodRet: "guard_fmod_ret.bpf.o" } as const;
/** One of them. */
export type DenyingRung = keyof typeof GUARD_OBJECTS;

const MAPS = ["gd_settings", "gd_namespaces", "gd_cgroups", "gd_executables", "gd_scopes", "gd_counters", "gd_attempts"] as const;
/** Pinned in this order: the last one says that all is there. */
const PROGRAMS = ["on_netlink_send", "on_setsockopt", "on_bpf"] as const;
const FIRST = Buffer.alloc(4);

type Maps = Record<(typeof MAPS)[number], BpfMap>;
type Links = Record<(typeof PROGRAMS)[number], HeldLink>;
/** Tables that say who may write. */
const PERMITS = ["gd_cgroups", "gd_executables", "gd_scopes"] as const;
type Permits = Record<(typeof PERMITS)[number], OwnTable>;

/**
 * Where and what to load. `former`: maps of an earlier version to go on with, so that no permit is missing and no total is lost. All but
 * the namespaces: both versions' programs are on for a while, and a trial must meet the new ones alone.
 */
export type LoadOptions = { readonly folder: string; readonly objectPath: string; readonly former?: GuardPrograms | undefined };

/**
 * The guard's programs and maps in the kernel. Pins keep them when the agent ends; descriptors keep them when somebody removes the pins.
 * A folder belongs to one version of the programs and one rung.
 */
export class GuardPrograms {
  readonly folder: string;
  readonly #maps: Maps;
  readonly #links: Links;
  readonly #permits: Permits;
  /** As this process wrote them last. */
  #settings: GuardSettings | undefined;
  /** Roles that this process gave to namespaces. */
  readonly #roles = new Map<number, NamespaceRole>();

  private constructor(folder: string, maps: Maps, links: Links) {
    this.folder = folder;
    this.#maps = maps;
    this.#links = links;
    this.#permits = Object.fromEntries(PERMITS.map((name) => [name, new OwnTable(maps[name])])) as Permits;
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
    mkdirSync(folder, { recursive: true });
    let object: BpfObject | undefined;
    try {
      object = BpfObject.load(objectPath, former && fits(former.#maps) ? { maps: former.#kept() } : {});
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

  settings(): GuardSettings {
    return decodeSettings(this.#maps.gd_settings.lookup(FIRST) ?? Buffer.alloc(GUARD_LAYOUTS.gd_settings.size));
  }

  setSettings(settings: GuardSettings): void {
    this.#settings = settings;
    this.#maps.gd_settings.update(FIRST, encodeSettings(settings));
  }

  /** Guards this namespace, or makes it the place of a trial; `undefined` ends either. */
  setNamespace(inode: number, role: NamespaceRole | undefined): void {
    if (role) this.#roles.set(inode, role);
    else this.#roles.delete(inode);
    if (role) this.#maps.gd_namespaces.update(u32(inode), u32(NAMESPACE_ROLES[role]));
    else this.#maps.gd_namespaces.delete(u32(inode));
  }

  /**
   * Puts right what somebody else wrote into the guard's tables since the last call, and answers with their names. Of permits it was put
   * right already when they were set. Signs of life may be another process's, which looks after the guard as well.
   */
  mend(): string[] {
    const found: string[] = PERMITS.filter((name) => this.#permits[name].takeForeign());
    if (this.#settings !== undefined && !sameSettings(this.settings(), this.#settings)) {
      found.push("gd_settings");
      this.setSettings(this.#settings);
    }
    const lost = [...this.#roles].filter(
      ([inode, role]) => this.#maps.gd_namespaces.lookup(u32(inode))?.readUInt32LE() !== NAMESPACE_ROLES[role],
    );
    if (lost.length > 0) found.push("gd_namespaces");
    for (const [inode, role] of lost) this.setNamespace(inode, role);
    return found;
  }

  /** Inodes of all namespaces that are in the map, whatever their role. */
  namespaces(): number[] {
    return this.#maps.gd_namespaces.keys().map((key) => key.readUInt32LE());
  }

  /** Brings the kernel's table to exactly these cgroups, new ones first. Answers how many were set or removed. */
  syncCgroups(wanted: ReadonlyMap<bigint, CgroupPermit>): number {
    return this.#permits.gd_cgroups.sync([...wanted].map(([id, permit]) => [u64(id), encodePermit(permit)] as const));
  }

  syncExecutables(wanted: readonly ExecutableKey[]): number {
    return this.#permits.gd_executables.sync(wanted.map((executable) => [encodeExecutable(executable), u32(1)] as const));
  }

  syncScopes(wanted: readonly ScopeKey[]): number {
    return this.#permits.gd_scopes.sync(wanted.map((scope) => [encodeScope(scope), u32(1)] as const));
  }

  counters(): GuardCounters {
    return decodeCounters(this.#maps.gd_counters.lookup(FIRST) ?? Buffer.alloc(0));
  }

  /** Begins to read attempts. What this version cannot read is passed over; the counters have it. */
  openAttempts(onAttempt: (attempt: Attempt) => void): RingBuffer {
    return RingBuffer.open(this.#maps.gd_attempts, (bytes) => {
      const attempt = decodeAttempt(bytes);
      if (attempt) onAttempt(attempt);
    });
  }

  /** Pins again what somebody has removed, and answers with its names. The programs were on all the time. */
  repin(): string[] {
    const missing = [...MAPS, ...PROGRAMS.map(linkName)].filter((name) => !existsSync(join(this.folder, name)));
    if (missing.length > 0) mkdirSync(this.folder, { recursive: true });
    for (const name of MAPS) if (missing.includes(name)) this.#maps[name].pin(join(this.folder, name));
    for (const name of PROGRAMS) if (missing.includes(linkName(name))) this.#links[name].pin(join(this.folder, linkName(name)));
    return missing;
  }

  #kept(): Omit<Maps, "gd_namespaces"> {
    const { gd_namespaces: _own, ...kept } = this.#maps;
    return kept;
  }

  /** Lets go of descriptors; the guard goes on. */
  close(): void {
    for (const map of Object.values(this.#maps)) map.close();
    for (const link of Object.values(this.#links)) link.close();
  }

  /** Ends the guard and leaves nothing behind. */
  end(): void {
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

function sameSettings(a: GuardSettings, b: GuardSettings): boolean {
  return a.mode === b.mode && a.strict === b.strict && a.auditUntilNs === b.auditUntilNs;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
