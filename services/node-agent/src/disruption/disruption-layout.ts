import type { Layout } from "../host-routing/kernel-layout.ts";

/** Offsets and sizes in bytes of the structs of bpf/shared/disruption.h; a test compares them with the compiler's. */
export const DISRUPTION_LAYOUTS = {
  hd_key: { size: 16, members: { netns: { offset: 0, size: 8 }, epoch: { offset: 8, size: 4 } } },
  hd_count: {
    size: 80,
    members: {
      opened: { offset: 0, size: 8 },
      closed: { offset: 8, size: 8 },
      reset: { offset: 16, size: 8 },
      timeout: { offset: 24, size: 8 },
      failed: { offset: 32, size: 8 },
      connect_failure: { offset: 40, size: 8 },
      abandoned: { offset: 48, size: 8 },
      retransmits: { offset: 56, size: 8 },
      resets_sent: { offset: 64, size: 8 },
      resets_received: { offset: 72, size: 8 },
    },
  },
  hd_state: {
    size: 40,
    members: {
      epoch: { offset: 0, size: 4 },
      since_ns: { offset: 8, size: 8 },
      flows: { offset: 16, size: 8 },
      before_count: { offset: 24, size: 8 },
      before_ns: { offset: 32, size: 8 },
    },
  },
} as const satisfies Record<string, Layout>;

/** `enum hd_step`: what is being done to the datapath. `Steady`: nothing for a while. */
export const STEPS = { Steady: 0, On: 1, Confirm: 2, Drain: 3, Detach: 4 } as const;
/** Name of a step, as status and warnings show it. */
export type Step = keyof typeof STEPS;
/** HD_STEP_MAX: epochs of one switch. */
export const STEPS_PER_SWITCH = 8;

/** What became of TCP connections in one namespace during one step; the members' meanings are those of `struct hd_count`. */
export type EndingCounts = Record<keyof typeof DISRUPTION_LAYOUTS.hd_count.members, number>;

const COUNTERS = Object.keys(DISRUPTION_LAYOUTS.hd_count.members) as (keyof EndingCounts)[];

/** Counters of nothing at all. */
export function noEndings(): EndingCounts {
  return Object.fromEntries(COUNTERS.map((name) => [name, 0])) as EndingCounts;
}

/** Adds counters member by member. */
export function addEndings(a: EndingCounts, b: EndingCounts): EndingCounts {
  return Object.fromEntries(COUNTERS.map((name) => [name, a[name] + b[name]])) as EndingCounts;
}

/** A `struct hd_key`: a namespace by its cookie, and a step by its epoch. */
export type EndingKey = { netns: bigint; epoch: number };

/** Writes a `struct hd_key`. */
export function encodeKey({ netns, epoch }: EndingKey): Buffer {
  const { size, members } = DISRUPTION_LAYOUTS.hd_key;
  const bytes = Buffer.alloc(size);
  bytes.writeBigUInt64LE(netns, members.netns.offset);
  bytes.writeUInt32LE(epoch, members.epoch.offset);
  return bytes;
}

/** Reads a `struct hd_key`. */
export function decodeKey(bytes: Buffer): EndingKey {
  const { members } = DISRUPTION_LAYOUTS.hd_key;
  return { netns: bytes.readBigUInt64LE(members.netns.offset), epoch: bytes.readUInt32LE(members.epoch.offset) };
}

/** Reads a `struct hd_count`. */
export function decodeEndings(bytes: Buffer): EndingCounts {
  const { members } = DISRUPTION_LAYOUTS.hd_count;
  return Object.fromEntries(COUNTERS.map((name) => [name, Number(bytes.readBigUInt64LE(members[name].offset))])) as EndingCounts;
}

/** A `struct hd_state`; times are CLOCK_MONOTONIC in nanoseconds. `number` counts the switches since measuring began. */
export type SwitchState = { number: number; step: Step; sinceNs: bigint; flows: number; beforeCount: number; beforeNs: bigint };

/** The epoch of a step of a switch. */
export function epochOf({ number, step }: Pick<SwitchState, "number" | "step">): number {
  return (number * STEPS_PER_SWITCH + STEPS[step]) >>> 0;
}

/** The step of an epoch; `Steady` for numbers that no step has. */
export function stepOf(epoch: number): Pick<SwitchState, "number" | "step"> {
  const found = (Object.keys(STEPS) as Step[]).find((step) => STEPS[step] === epoch % STEPS_PER_SWITCH);
  return { number: Math.floor(epoch / STEPS_PER_SWITCH), step: found ?? "Steady" };
}

/** Writes a `struct hd_state`. */
export function encodeState(state: SwitchState): Buffer {
  const { size, members } = DISRUPTION_LAYOUTS.hd_state;
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(epochOf(state), members.epoch.offset);
  bytes.writeBigUInt64LE(state.sinceNs, members.since_ns.offset);
  bytes.writeBigUInt64LE(BigInt(state.flows), members.flows.offset);
  bytes.writeBigUInt64LE(BigInt(state.beforeCount), members.before_count.offset);
  bytes.writeBigUInt64LE(state.beforeNs, members.before_ns.offset);
  return bytes;
}

/** Reads a `struct hd_state`. */
export function decodeState(bytes: Buffer): SwitchState {
  const { members } = DISRUPTION_LAYOUTS.hd_state;
  return {
    ...stepOf(bytes.readUInt32LE(members.epoch.offset)),
    sinceNs: bytes.readBigUInt64LE(members.since_ns.offset),
    flows: Number(bytes.readBigUInt64LE(members.flows.offset)),
    beforeCount: Number(bytes.readBigUInt64LE(members.before_count.offset)),
    beforeNs: bytes.readBigUInt64LE(members.before_ns.offset),
  };
}
