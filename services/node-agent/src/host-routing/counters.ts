import type { BpfMap } from "@hostrouting/bpf-loader";
import { DIRECTIONS, KERNEL_LAYOUTS, REASONS, Struct, type Reason } from "./kernel-layout.ts";

/** Packets by direction and reason. */
export type Counters = Record<(typeof DIRECTIONS)[number], Record<Reason, number>>;

/** What share took the fast path, and why the rest did not; most frequent reason first. What policies deny takes no path. */
export type PacketSummary = {
  fast: number;
  stack: number;
  denied: number;
  fastShare: number;
  stackReasons: { reason: Reason; packets: number }[];
};

/** Reasons in a status report: more would only be noise (there are 23). */
const STACK_REASONS_MAX = 16;

/** What comes in for the node itself is no pod's packet and would blur the share. */
const NOT_A_PODS: Reason = "StackHost";
const DENIED: readonly Reason[] = ["DropDenied", "DropDeniedOut"];

/** Sums the per-CPU counters of `hr_metrics`. Another version may know fewer reasons, or more; those that both know have the same numbers. */
export function readCounters(metrics: BpfMap): Counters {
  const counters = zeroCounters();
  const known = metrics.maxEntries / DIRECTIONS.length;
  DIRECTIONS.forEach((direction, directionIndex) =>
    REASONS.slice(0, known).forEach((reason, reasonIndex) => {
      const key = Buffer.alloc(4);
      key.writeUInt32LE(directionIndex * known + reasonIndex);
      counters[direction][reason] = sumPackets(metrics.lookup(key) ?? Buffer.alloc(0));
    }),
  );
  return counters;
}

/** All counters at 0. */
export function zeroCounters(): Counters {
  const zeroes = (): Record<Reason, number> => Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>;
  return { fromPod: zeroes(), fromNet: zeroes() };
}

/** What was counted after `before`; a counter that fell (object loaded anew) counts from 0. */
export function countedSince(before: Counters, now: Counters): Counters {
  const result = zeroCounters();
  for (const direction of DIRECTIONS)
    for (const reason of REASONS) {
      const difference = now[direction][reason] - before[direction][reason];
      result[direction][reason] = difference < 0 ? now[direction][reason] : difference;
    }
  return result;
}

/** Adds up both directions. */
export function summarise(counters: Counters): PacketSummary {
  const total = (reason: Reason): number => counters.fromPod[reason] + counters.fromNet[reason];
  const reasons = REASONS.filter((reason) => !reason.startsWith("Fast") && reason !== NOT_A_PODS && !DENIED.includes(reason));
  const fast = REASONS.filter((reason) => reason.startsWith("Fast")).reduce((sum, reason) => sum + total(reason), 0);
  const stack = reasons.reduce((sum, reason) => sum + total(reason), 0);
  const stackReasons = reasons
    .map((reason) => ({ reason, packets: total(reason) }))
    .filter(({ packets }) => packets > 0)
    .sort((a, b) => b.packets - a.packets)
    .slice(0, STACK_REASONS_MAX);
  const denied = DENIED.reduce((sum, reason) => sum + total(reason), 0);
  return { fast, stack, denied, fastShare: shareOf(fast, fast + stack), stackReasons };
}

/** In whole hundredths of a percent, downwards: `kubectl get` shows it as it stands, and all is only what is all. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part / whole) * 10_000) / 10_000;
}

function sumPackets(perCpu: Buffer): number {
  let sum = 0n;
  for (let at = 0; at < perCpu.length; at += KERNEL_LAYOUTS.hr_counter.size)
    sum += new Struct("hr_counter", perCpu.subarray(at)).bigint("packets");
  return Number(sum);
}
