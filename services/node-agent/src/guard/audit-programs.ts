import { BpfObject, holdTracing, watchPacketFilterWrites, type HeldLink, type PacketFilterWrites } from "@hostrouting/bpf-loader";
import { judgeWrites } from "./audit-judgement.ts";
import {
  ATTEMPT_KINDS,
  decodeSender,
  encodeScope,
  type Attempt,
  type AttemptKind,
  type GuardCounters,
  type ScopeKey,
} from "./guard-layout.ts";
import { GUARD_MAPS, GuardTables, type AttemptSource, type GuardMaps } from "./guard-tables.ts";

/** The object for kernels that let nobody refuse. */
export const AUDIT_OBJECT = "guard_audit.bpf.o";

/** `namespace`: inode of the network namespace of this process, whose notices are read; `bootTimeNs`: CLOCK_BOOTTIME. */
export type AuditOptions = { readonly objectPath: string; readonly namespace: number; readonly bootTimeNs: () => bigint };

/**
 * The guard where the kernel lets nobody refuse: a program on every system call, and nf_tables' own notices. Nothing is pinned: the program
 * must not outlive its process, since it makes each call of each process slower and nobody would hear what it tells.
 */
export class AuditPrograms extends GuardTables {
  readonly #object: BpfObject;
  readonly #link: HeldLink;
  readonly #options: AuditOptions;
  #written = { audited: 0, permitted: 0, untold: 0, unreadable: 0 };

  private constructor(object: BpfObject, link: HeldLink, options: AuditOptions) {
    super(Object.fromEntries(GUARD_MAPS.map((name) => [name, object.map(name)])) as GuardMaps);
    this.#object = object;
    this.#link = link;
    this.#options = options;
  }

  /** Loads and attaches; it guards no namespace until `setNamespace`. @throws AppError where the kernel does not allow it. */
  static load(options: AuditOptions): AuditPrograms {
    const object = BpfObject.load(options.objectPath);
    try {
      return new AuditPrograms(object, holdTracing(object.program("on_system_call")), options);
    } catch (error) {
      object.close();
      throw error;
    }
  }

  /** Begins to read attempts: those that the program tells, and those that nf_tables' notices tell, which come by themselves. */
  override openAttempts(onAttempt: (attempt: Attempt) => void): AttemptSource {
    const ring = super.openAttempts(onAttempt);
    try {
      const stop = watchPacketFilterWrites((writes) => this.#take(writes, onAttempt));
      return { consume: () => ring.consume(), close: () => (stop(), ring.close()) };
    } catch (error) {
      ring.close();
      throw error;
    }
  }

  /** Of nf_tables each thing that was written counts, of the older tables each replacement. */
  override counters(): GuardCounters {
    const { attempts, lost, unreadable, sets } = super.counters();
    const { audited, permitted, untold, unreadable: missed } = this.#written;
    const Nftables = { Denied: 0, Audited: audited, Permitted: permitted };
    return { attempts: { ...attempts, Nftables }, lost: lost + untold, unreadable: unreadable + missed, sets };
  }

  /** How often a way of writing was seen in the namespace of a trial. */
  seen(kind: AttemptKind): bigint {
    return this.#object.map("gd_seen").lookup(u32(ATTEMPT_KINDS[kind]))?.readBigUInt64LE() ?? 0n;
  }

  /** Nothing is pinned, so nothing can be missing. */
  missingPins(): string[] {
    return [];
  }

  /** The same. */
  repin(): string[] {
    return [];
  }

  /** Detaches, and leaves nothing. */
  close(): void {
    this.#link.close();
    this.#object.close();
  }

  /** The same as `close`. */
  end(): void {
    this.close();
  }

  #take(writes: PacketFilterWrites, onAttempt: (attempt: Attempt) => void): void {
    const { namespace, bootTimeNs } = this.#options;
    const entry = writes.writer && this.#object.map("gd_senders").lookup(u32(writes.writer.pid));
    const { attempts, ...counted } = judgeWrites(writes, {
      sender: entry && decodeSender(entry),
      holds: (key) => this.#holds(key),
      nowNs: bootTimeNs(),
      netns: namespace,
    });
    this.#written = {
      audited: this.#written.audited + counted.audited,
      permitted: this.#written.permitted + counted.permitted,
      untold: this.#written.untold + counted.untold,
      unreadable: this.#written.unreadable + counted.unreadable,
    };
    for (const attempt of attempts) onAttempt(attempt);
  }

  #holds(key: ScopeKey): boolean {
    return this.maps.gd_scopes.lookup(encodeScope(key)) !== undefined;
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
