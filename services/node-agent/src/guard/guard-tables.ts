import { RingBuffer, type BpfMap } from "@hostrouting/bpf-loader";
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

/** The maps of bpf/guard/maps.h, which every rung's object has. */
export const GUARD_MAPS = [
  "gd_settings",
  "gd_namespaces",
  "gd_cgroups",
  "gd_executables",
  "gd_scopes",
  "gd_counters",
  "gd_attempts",
] as const;
/** They, opened. */
export type GuardMaps = Record<(typeof GUARD_MAPS)[number], BpfMap>;

/** Tables that say who may write. */
const PERMITS = ["gd_cgroups", "gd_executables", "gd_scopes"] as const;
const FIRST = Buffer.alloc(4);

/** Attempts that are handed out when one asks for them. */
export type AttemptSource = Pick<RingBuffer, "consume" | "close">;

/** What is written into the guard's tables and read from them, whichever way its programs are attached. */
export class GuardTables {
  protected readonly maps: GuardMaps;
  readonly #permits: Record<(typeof PERMITS)[number], OwnTable>;
  /** As this process wrote them last. */
  #settings: GuardSettings | undefined;
  /** Found to be somebody else's before they were written anew. */
  readonly #foreign = new Set<"gd_settings" | "gd_namespaces">();
  /** Roles that this process gave to namespaces. */
  readonly #roles = new Map<number, NamespaceRole>();

  constructor(maps: GuardMaps) {
    this.maps = maps;
    this.#permits = {
      gd_cgroups: new OwnTable(maps.gd_cgroups),
      gd_executables: new OwnTable(maps.gd_executables),
      gd_scopes: new OwnTable(maps.gd_scopes),
    };
  }

  settings(): GuardSettings {
    return decodeSettings(this.maps.gd_settings.lookup(FIRST) ?? Buffer.alloc(GUARD_LAYOUTS.gd_settings.size));
  }

  setSettings(settings: GuardSettings): void {
    this.#noteSettings();
    this.#settings = settings;
    this.maps.gd_settings.update(FIRST, encodeSettings(settings));
  }

  /** The agent lives: whatever somebody else made of the other settings meanwhile. */
  beat(heartbeatNs: bigint): void {
    this.setSettings({ ...(this.#settings ?? this.settings()), heartbeatNs });
  }

  #noteSettings(): void {
    if (this.#settings !== undefined && !sameSettings(this.settings(), this.#settings)) this.#foreign.add("gd_settings");
  }

  #noteNamespace(inode: number): void {
    const role = this.#roles.get(inode);
    const found = this.maps.gd_namespaces.lookup(u32(inode))?.readUInt32LE();
    if (role !== undefined && found !== NAMESPACE_ROLES[role]) this.#foreign.add("gd_namespaces");
  }

  /** Guards this namespace, or makes it the place of a trial; `undefined` ends either. */
  setNamespace(inode: number, role: NamespaceRole | undefined): void {
    this.#noteNamespace(inode);
    if (role) this.#roles.set(inode, role);
    else this.#roles.delete(inode);
    if (role) this.maps.gd_namespaces.update(u32(inode), u32(NAMESPACE_ROLES[role]));
    else this.maps.gd_namespaces.delete(u32(inode));
  }

  /**
   * Puts right what somebody else wrote into the guard's tables since the last call, and answers with their names. Of permits it was put
   * right already when they were set. Signs of life may be another process's, which looks after the guard as well.
   */
  mend(): string[] {
    if (this.#settings !== undefined) this.setSettings(this.#settings);
    for (const [inode, role] of this.#roles) this.setNamespace(inode, role);
    const found = [...PERMITS.filter((name) => this.#permits[name].takeForeign()), ...this.#foreign];
    this.#foreign.clear();
    return found;
  }

  /** Inodes of all namespaces that are in the map, whatever their role. */
  namespaces(): number[] {
    return this.maps.gd_namespaces.keys().map((key) => key.readUInt32LE());
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
    return decodeCounters(this.maps.gd_counters.lookup(FIRST) ?? Buffer.alloc(0));
  }

  /** Begins to read attempts. What this version cannot read is passed over; the counters have it. */
  openAttempts(onAttempt: (attempt: Attempt) => void): AttemptSource {
    return RingBuffer.open(this.maps.gd_attempts, (bytes) => {
      const attempt = decodeAttempt(bytes);
      if (attempt) onAttempt(attempt);
    });
  }
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
