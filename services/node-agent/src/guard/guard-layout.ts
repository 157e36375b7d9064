import { readText } from "@hostrouting/bpf-loader";
import type { Layout } from "../host-routing/kernel-layout.ts";

/** Offsets and sizes in bytes of the structs of bpf/shared/guard.h; a test compares them with the compiler's. */
export const GUARD_LAYOUTS = {
  gd_settings: {
    size: 32,
    members: {
      mode: { offset: 0, size: 4 },
      strict: { offset: 4, size: 4 },
      audit_until_ns: { offset: 8, size: 8 },
      heartbeat_ns: { offset: 16, size: 8 },
      zero: { offset: 24, size: 8 },
    },
  },
  gd_cgroup: {
    size: 16,
    members: { permitted: { offset: 0, size: 4 }, scope: { offset: 4, size: 4 }, needs_exe: { offset: 8, size: 4 } },
  },
  gd_executable: { size: 16, members: { inode: { offset: 0, size: 8 }, device: { offset: 8, size: 8 } } },
  gd_scope: {
    size: 72,
    members: {
      scope: { offset: 0, size: 4 },
      family: { offset: 4, size: 4 },
      table: { offset: 8, size: 32 },
      chain: { offset: 40, size: 32 },
    },
  },
  gd_counters: {
    size: 168,
    members: {
      attempts: { offset: 0, size: 144 },
      lost: { offset: 144, size: 8 },
      unreadable: { offset: 152, size: 8 },
      sets: { offset: 160, size: 8 },
    },
  },
  gd_attempt: {
    size: 1336,
    members: {
      at_ns: { offset: 0, size: 8 },
      cgroup: { offset: 8, size: 8 },
      exe_inode: { offset: 16, size: 8 },
      exe_device: { offset: 24, size: 8 },
      pid: { offset: 32, size: 4 },
      tid: { offset: 36, size: 4 },
      parent_pid: { offset: 40, size: 4 },
      uid: { offset: 44, size: 4 },
      netns: { offset: 48, size: 4 },
      task_netns: { offset: 52, size: 4 },
      kind: { offset: 56, size: 4 },
      verdict: { offset: 60, size: 4 },
      why: { offset: 64, size: 4 },
      message_type: { offset: 68, size: 4 },
      message_index: { offset: 72, size: 4 },
      message_length: { offset: 76, size: 4 },
      message_bytes: { offset: 80, size: 4 },
      scope: { offset: 84, size: 4 },
      command: { offset: 88, size: 16 },
      parent_command: { offset: 104, size: 16 },
      exe_name: { offset: 120, size: 64 },
      cgroup_name: { offset: 184, size: 128 },
      message: { offset: 312, size: 1024 },
    },
  },
} as const satisfies Record<string, Layout>;

/** `enum gd_mode`: attempts are told of only, or refused. */
export const GUARD_MODES = { Audit: 0, Enforce: 1 } as const;
/** Of the guard's programs; what runs no guard at all has no mode. */
export type GuardMode = keyof typeof GUARD_MODES;

/** `enum gd_netns`. In a trial's namespace everybody is refused, and nothing is counted or told. */
export const NAMESPACE_ROLES = { Guarded: 1, Trial: 2 } as const;
export type NamespaceRole = keyof typeof NAMESPACE_ROLES;

/** `enum gd_kind`: how rules are written. */
export const ATTEMPT_KINDS = { Nftables: 0, Iptables: 1, Ip6tables: 2, Arptables: 3, Ebtables: 4, NetfilterLink: 5 } as const;
export type AttemptKind = keyof typeof ATTEMPT_KINDS;

/** `enum gd_verdict`. Audited: it passed, and nobody had permitted it. */
export const VERDICTS = { Denied: 0, Audited: 1, Permitted: 2 } as const;
export type Verdict = keyof typeof VERDICTS;

/** `enum gd_why`: why a writer had no permit. */
export const REASONS = { Permitted: 0, UnknownWriter: 1, KnownWriter: 2, Executable: 3, Scope: 4, Unreadable: 5 } as const;
export type Reason = keyof typeof REASONS;

/** GD_NAME_BYTES: longest name in a scope, NUL included. */
export const SCOPE_NAME_BYTES = 32;
/** GD_HEARTBEAT_STALE_NS: an agent that gave no sign of life for so long counts as dead. */
export const HEARTBEAT_STALE_NS = 30_000_000_000n;

/** A `struct gd_settings`; times are CLOCK_BOOTTIME in nanoseconds, 0 for never. */
export type GuardSettings = { mode: GuardMode; strict: boolean; auditUntilNs: bigint; heartbeatNs: bigint };

/** A `struct gd_cgroup`. `scope` 0: everything. */
export type CgroupPermit = { permitted: boolean; scope: number; needsExecutable: boolean };

/** A `struct gd_executable`; the device is the kernel's number (major << 20 | minor). */
export type ExecutableKey = { inode: bigint; device: bigint };

/** A `struct gd_scope`; without a chain the whole table. `family` is an NFPROTO number. */
export type ScopeKey = { scope: number; family: number; table: string; chain: string };

/** One attempt, as the kernel tells it. Times as in GuardSettings; texts are somebody else's. */
export type Attempt = {
  atNs: bigint;
  cgroup: bigint;
  executable: ExecutableKey;
  executableName: string;
  pid: number;
  parentPid: number;
  uid: number;
  command: string;
  parentCommand: string;
  cgroupName: string;
  netns: number;
  taskNetns: number;
  kind: AttemptKind;
  verdict: Verdict;
  why: Reason;
  messageType: number;
  messageIndex: number;
  messageLength: number;
  message: Buffer;
};

/** Totals by kind and verdict, over all processors. `sets`: changes of ipset's sets, which pass. */
export type GuardCounters = { attempts: Record<AttemptKind, Record<Verdict, number>>; lost: number; unreadable: number; sets: number };

const KIND_NAMES = Object.keys(ATTEMPT_KINDS) as AttemptKind[];
const VERDICT_NAMES = Object.keys(VERDICTS) as Verdict[];

/** Writes a `struct gd_settings`. */
export function encodeSettings(settings: GuardSettings): Buffer {
  const { size, members } = GUARD_LAYOUTS.gd_settings;
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(GUARD_MODES[settings.mode], members.mode.offset);
  bytes.writeUInt32LE(Number(settings.strict), members.strict.offset);
  bytes.writeBigUInt64LE(settings.auditUntilNs, members.audit_until_ns.offset);
  bytes.writeBigUInt64LE(settings.heartbeatNs, members.heartbeat_ns.offset);
  return bytes;
}

/** Reads a `struct gd_settings`. */
export function decodeSettings(bytes: Buffer): GuardSettings {
  const { members } = GUARD_LAYOUTS.gd_settings;
  return {
    mode: bytes.readUInt32LE(members.mode.offset) === GUARD_MODES.Enforce ? "Enforce" : "Audit",
    strict: bytes.readUInt32LE(members.strict.offset) !== 0,
    auditUntilNs: bytes.readBigUInt64LE(members.audit_until_ns.offset),
    heartbeatNs: bytes.readBigUInt64LE(members.heartbeat_ns.offset),
  };
}

/** Writes a `struct gd_cgroup`. */
export function encodePermit({ permitted, scope, needsExecutable }: CgroupPermit): Buffer {
  const { size, members } = GUARD_LAYOUTS.gd_cgroup;
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(Number(permitted), members.permitted.offset);
  bytes.writeUInt32LE(scope, members.scope.offset);
  bytes.writeUInt32LE(Number(needsExecutable), members.needs_exe.offset);
  return bytes;
}

/** Writes a `struct gd_executable`. */
export function encodeExecutable({ inode, device }: ExecutableKey): Buffer {
  const { size, members } = GUARD_LAYOUTS.gd_executable;
  const bytes = Buffer.alloc(size);
  bytes.writeBigUInt64LE(inode, members.inode.offset);
  bytes.writeBigUInt64LE(device, members.device.offset);
  return bytes;
}

/** Writes a `struct gd_scope`. @throws RangeError for a name that does not fit: it could never match. */
export function encodeScope({ scope, family, table, chain }: ScopeKey): Buffer {
  const { size, members } = GUARD_LAYOUTS.gd_scope;
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(scope, members.scope.offset);
  bytes.writeUInt32LE(family, members.family.offset);
  for (const [name, { offset }] of [
    [table, members.table],
    [chain, members.chain],
  ] as const) {
    if (Buffer.byteLength(name) >= SCOPE_NAME_BYTES)
      throw new RangeError(`${name} is too long for a scope: a name has ${SCOPE_NAME_BYTES - 1} bytes at most`);
    bytes.write(name, offset);
  }
  return bytes;
}

/** Adds up what each processor counted. @param perCpu what a lookup in gd_counters answers with. */
export function decodeCounters(perCpu: Buffer): GuardCounters {
  const { size, members } = GUARD_LAYOUTS.gd_counters;
  const sum = (offset: number): number => {
    let total = 0n;
    for (let at = 0; at < perCpu.length; at += size) total += perCpu.readBigUInt64LE(at + offset);
    return Number(total);
  };
  const cell = (kind: AttemptKind, verdict: Verdict): number =>
    sum(members.attempts.offset + 8 * (ATTEMPT_KINDS[kind] * VERDICT_NAMES.length + VERDICTS[verdict]));
  const row = (kind: AttemptKind): Record<Verdict, number> =>
    Object.fromEntries(VERDICT_NAMES.map((verdict) => [verdict, cell(kind, verdict)])) as Record<Verdict, number>;
  return {
    attempts: Object.fromEntries(KIND_NAMES.map((kind) => [kind, row(kind)])) as GuardCounters["attempts"],
    lost: sum(members.lost.offset),
    unreadable: sum(members.unreadable.offset),
    sets: sum(members.sets.offset),
  };
}

/** All attempts with one verdict. */
export function totalOf({ attempts }: GuardCounters, verdict: Verdict): number {
  return KIND_NAMES.reduce((total, kind) => total + attempts[kind][verdict], 0);
}

/** Reads a `struct gd_attempt`; undefined for numbers that this version does not know. */
export function decodeAttempt(bytes: Buffer): Attempt | undefined {
  const { size, members } = GUARD_LAYOUTS.gd_attempt;
  if (bytes.length < size) return undefined;
  const u32 = ({ offset }: { offset: number }): number => bytes.readUInt32LE(offset);
  const u64 = ({ offset }: { offset: number }): bigint => bytes.readBigUInt64LE(offset);
  const text = ({ offset, size: length }: { offset: number; size: number }): string =>
    readText(bytes.subarray(offset, offset + length)) ?? "";
  const [kind, verdict, why] = [
    nameOf(ATTEMPT_KINDS, u32(members.kind)),
    nameOf(VERDICTS, u32(members.verdict)),
    nameOf(REASONS, u32(members.why)),
  ];
  if (kind === undefined || verdict === undefined || why === undefined) return undefined;
  const messageBytes = Math.min(u32(members.message_bytes), members.message.size);
  return {
    atNs: u64(members.at_ns),
    cgroup: u64(members.cgroup),
    executable: { inode: u64(members.exe_inode), device: u64(members.exe_device) },
    executableName: text(members.exe_name),
    pid: u32(members.pid),
    parentPid: u32(members.parent_pid),
    uid: u32(members.uid),
    command: text(members.command),
    parentCommand: text(members.parent_command),
    cgroupName: text(members.cgroup_name),
    netns: u32(members.netns),
    taskNetns: u32(members.task_netns),
    kind,
    verdict,
    why,
    messageType: u32(members.message_type),
    messageIndex: u32(members.message_index),
    messageLength: u32(members.message_length),
    message: bytes.subarray(members.message.offset, members.message.offset + messageBytes),
  };
}

/** GD_SENDER_BYTES: an attempt without its message. */
export const SENDER_BYTES = GUARD_LAYOUTS.gd_attempt.members.message.offset;

/** Who sent something to nf_tables last by one thread. `attempt` has no message; `scope` ≠ 0: it is permitted within that only. */
export type Sender = { readonly attempt: Attempt; readonly scope: number };

/** Reads what gd_senders holds of a thread; undefined as `decodeAttempt`. */
export function decodeSender(bytes: Buffer): Sender | undefined {
  const { size, members } = GUARD_LAYOUTS.gd_attempt;
  if (bytes.length !== SENDER_BYTES) return undefined;
  const attempt = decodeAttempt(Buffer.concat([bytes, Buffer.alloc(size - SENDER_BYTES)]));
  return attempt && { attempt, scope: bytes.readUInt32LE(members.scope.offset) };
}

function nameOf<Names extends Record<string, number>>(names: Names, value: number): keyof Names | undefined {
  return (Object.keys(names) as (keyof Names)[]).find((name) => names[name] === value);
}
