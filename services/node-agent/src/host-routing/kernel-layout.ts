/**
 * The shapes of bpf/shared/host_routing.h for TypeScript: offsets and sizes in bytes. A test compares every one of them
 * with the BTF of the built object.
 */

/** Where a member stands in its struct. */
export type Member = { readonly offset: number; readonly size: number };
/** A struct: its size and its members, padding left out. */
export type Layout = { readonly size: number; readonly members: Readonly<Record<string, Member>> };

const layouts = {
  hr_endpoint: {
    size: 32,
    members: {
      ifindex: { offset: 0, size: 4 },
      mtu: { offset: 4, size: 4 },
      pod_mac: { offset: 8, size: 6 },
      host_mac: { offset: 14, size: 6 },
      flags: { offset: 20, size: 4 },
      last_stack_udp_ns: { offset: 24, size: 8 },
    },
  },
  hr_device: { size: 8, members: { role: { offset: 0, size: 4 }, mtu: { offset: 4, size: 4 } } },
  hr_prefix: { size: 20, members: { length: { offset: 0, size: 4 }, address: { offset: 4, size: 16 } } },
  hr_counter: { size: 16, members: { packets: { offset: 0, size: 8 }, bytes: { offset: 8, size: 8 } } },
  hr_denied_key: {
    size: 24,
    members: { length: { offset: 0, size: 4 }, table: { offset: 4, size: 4 }, address: { offset: 8, size: 16 } },
  },
  hr_denied_ports: {
    size: 8,
    members: { first: { offset: 0, size: 2 }, last: { offset: 2, size: 2 }, protocol: { offset: 4, size: 1 } },
  },
  hr_denial: { size: 264, members: { count: { offset: 0, size: 4 }, ports: { offset: 8, size: 256 } } },
  hr_denied_hint: { size: 16, members: { v4: { offset: 0, size: 8 }, v6: { offset: 8, size: 8 } } },
  hr_denying: { size: 40, members: { active: { offset: 0, size: 4 }, hints: { offset: 8, size: 32 } } },
  hr_flow_key: {
    size: 40,
    members: {
      low: { offset: 0, size: 16 },
      high: { offset: 16, size: 16 },
      low_port: { offset: 32, size: 2 },
      high_port: { offset: 34, size: 2 },
      protocol: { offset: 36, size: 1 },
    },
  },
  hr_flow: {
    size: 24,
    members: {
      seen_ns: { offset: 0, size: 8 },
      checked_ns: { offset: 8, size: 8 },
      epoch: { offset: 16, size: 4 },
      flags: { offset: 20, size: 4 },
    },
  },
  hr_command: {
    size: 48,
    members: {
      operation: { offset: 0, size: 4 },
      result: { offset: 4, size: 4 },
      generation: { offset: 8, size: 8 },
      confirm_ns: { offset: 16, size: 8 },
      deadline_ns: { offset: 24, size: 8 },
      mode: { offset: 32, size: 4 },
      missed: { offset: 36, size: 4 },
      epoch: { offset: 40, size: 4 },
    },
  },
  hr_tuple: {
    size: 40,
    members: {
      source: { offset: 0, size: 16 },
      destination: { offset: 16, size: 16 },
      source_port: { offset: 32, size: 2 },
      destination_port: { offset: 34, size: 2 },
      protocol: { offset: 36, size: 1 },
    },
  },
  hr_nat: {
    size: 32,
    members: {
      address: { offset: 0, size: 16 },
      port: { offset: 16, size: 2 },
      flags: { offset: 20, size: 4 },
      seen_ns: { offset: 24, size: 8 },
    },
  },
  hr_masquerade: {
    size: 72,
    members: {
      enabled: { offset: 0, size: 4 },
      ranges: { offset: 4, size: 8 },
      retired: { offset: 12, size: 8 },
      tcp_established_ns: { offset: 24, size: 8 },
      tcp_syn_ns: { offset: 32, size: 8 },
      tcp_closing_ns: { offset: 40, size: 8 },
      udp_ns: { offset: 48, size: 8 },
      udp_stream_ns: { offset: 56, size: 8 },
      icmp_ns: { offset: 64, size: 8 },
    },
  },
  hr_port_range: { size: 4, members: { first: { offset: 0, size: 2 }, last: { offset: 2, size: 2 } } },
  hr_port_bitmap: { size: 8192, members: { bytes: { offset: 0, size: 8192 } } },
  hr_source: { size: 32, members: { v4: { offset: 0, size: 16 }, v6: { offset: 16, size: 16 } } },
  hr_collection: { size: 8, members: { live: { offset: 0, size: 4 }, removed: { offset: 4, size: 4 } } },
  hr_trace: {
    size: 96,
    members: {
      reason: { offset: 0, size: 4 },
      direction: { offset: 4, size: 4 },
      mode: { offset: 8, size: 4 },
      class: { offset: 12, size: 4 },
      role: { offset: 16, size: 4 },
      source_ifindex: { offset: 20, size: 4 },
      endpoint_ifindex: { offset: 24, size: 4 },
      endpoint_flags: { offset: 28, size: 4 },
      conntrack: { offset: 32, size: 4 },
      route: { offset: 36, size: 4 },
      route_ifindex: { offset: 40, size: 4 },
      route_mtu: { offset: 44, size: 4 },
      flow_age_ns: { offset: 48, size: 8 },
      nat_age_ns: { offset: 56, size: 8 },
      nat_address: { offset: 64, size: 16 },
      nat_port: { offset: 80, size: 2 },
      nat_flags: { offset: 84, size: 4 },
      runs: { offset: 88, size: 8 },
    },
  },
} as const satisfies Record<string, Layout>;

/** Every struct that crosses between kernel and agent. */
export const KERNEL_LAYOUTS = layouts;

/** `enum hr_mode`. */
export const MODE = { OFF: 0, ON: 1, DRAIN: 2 } as const;
/** `enum hr_role`. */
export const ROLE = { POD: 1, UPLINK: 2 } as const;
/** `enum hr_class`. */
export const ADDRESS_CLASS = { STACK: 1, NATIVE: 2, OWN_NODE: 3, MASQUERADE: 4 } as const;
/** `enum hr_endpoint_flag`. */
export const ENDPOINT_FLAG = { OPT_OUT: 1 } as const;
/** `enum hr_nat_flag`. */
export const NAT_FLAG = { REPLIED: 1, FIN_OUT: 2, FIN_IN: 4, RESET: 8 } as const;
/** `enum hr_conntrack`. */
export const CONNTRACK = { UNASKED: 0, UNKNOWN: 1, TRACE: 2, TRACKED: 3 } as const;
/** `enum hr_denied`. */
export const DENIED = { TABLES: 2, PORTS_MAX: 32, V6: 0x10000 } as const;
/** `enum hr_operation`. */
export const OPERATION = { READ: 0, ON: 1, CONFIRM: 2, DRAIN: 3, OFF: 4 } as const;
/** `enum hr_result`. */
export const RESULT = { DONE: 0, TOO_LATE: 1, TIMER_FAILED: 2, BAD_OPERATION: 3, STALE: 4 } as const;

/** `enum hr_reason` in order, as status and metrics name them. */
export const REASONS = [
  "FastLocal",
  "FastRemote",
  "FastRemoteNeigh",
  "FastFromNet",
  "FastMasquerade",
  "FastUnmasquerade",
  "StackMode",
  "StackClass",
  "StackNotIp",
  "StackFragment",
  "StackOptions",
  "StackProtocol",
  "StackTtl",
  "StackSource",
  "StackConntrack",
  "StackClash",
  "StackIcmpError",
  "StackNoEndpoint",
  "StackRoute",
  "StackTooBig",
  "StackStaleEndpoint",
  "StackFlowTable",
  "StackShort",
  "StackHost",
  "StackOptOut",
  "StackNoPort",
  "StackNoAddress",
  "StackMasqueradeOff",
  "StackUnseen",
  "DropHalfLost",
  "DropDenied",
  "DropDeniedOut",
] as const;

/** Why a packet was redirected, left to the stack or dropped. */
export type Reason = (typeof REASONS)[number];

/** `enum hr_direction` in order. */
export const DIRECTIONS = ["fromPod", "fromNet"] as const;

type StructName = keyof typeof layouts;
type MemberName<S extends StructName> = keyof (typeof layouts)[S]["members"] & string;

/** One struct's bytes with named members. Numbers are little-endian; 8-byte ones are bigint. */
export class Struct<S extends StructName> {
  readonly bytes: Buffer;
  readonly #members: Readonly<Record<string, Member>>;

  constructor(name: S, bytes: Buffer = Buffer.alloc(layouts[name].size)) {
    this.bytes = bytes;
    this.#members = layouts[name].members;
  }

  /** A member of 1, 2 or 4 bytes. */
  number(member: MemberName<S>): number {
    const { offset, size } = this.#at(member);
    return this.bytes.readUIntLE(offset, size);
  }

  /** A member of 8 bytes. */
  bigint(member: MemberName<S>): bigint {
    return this.bytes.readBigUInt64LE(this.#at(member).offset);
  }

  /** Sets a member; a Buffer must have the member's size. */
  set(member: MemberName<S>, value: number | bigint | Buffer): this {
    const { offset, size } = this.#at(member);
    if (typeof value === "number") this.bytes.writeUIntLE(value, offset, size);
    else if (typeof value === "bigint") this.bytes.writeBigUInt64LE(value, offset);
    else if (value.length === size) value.copy(this.bytes, offset);
    else throw new RangeError(`${member} has ${size} bytes, not ${value.length}`);
    return this;
  }

  #at(member: string): Member {
    const found = this.#members[member];
    if (!found) throw new RangeError(`no member ${member}`);
    return found;
  }
}
