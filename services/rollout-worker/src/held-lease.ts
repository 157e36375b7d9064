import type { ClusterId } from "@hostrouting/domain";
import type { Timers } from "@hostrouting/runtime";
import type { ClusterLease, LeaseStore } from "@hostrouting/store";

/** A lease that is kept for as long as a round takes. */
export type HeldLease = {
  readonly lease: ClusterLease;
  /** Whether it is certainly still ours; turns false before the lease can be somebody else's. */
  isHeld(): boolean;
  /** Ends the renewal; the lease runs out by itself, or is taken again by the next round. */
  stop(): void;
};

/** Share of the lease after which it counts as lost, so that a slow clock or a late answer cannot make two holders. */
const SAFE_SHARE = 0.8;
const RENEW_SHARE = 1 / 3;

/** What holding a lease needs. */
export type LeaseWish = {
  readonly leases: LeaseStore;
  readonly clusterId: ClusterId;
  readonly holder: string;
  readonly durationMs: number;
  readonly timers: Timers;
};

/** Takes the lease and renews it until stopped; nothing when somebody else holds it. */
export async function holdLease(wish: LeaseWish): Promise<HeldLease | undefined> {
  const { leases, clusterId, holder, durationMs, timers } = wish;
  let startedAt = timers.monotonicNow();
  const lease = await leases.acquire(clusterId, holder, durationMs);
  if (lease === undefined) return undefined;
  let safeUntil = startedAt + durationMs * SAFE_SHARE;
  let lost = false;
  const renew = async (): Promise<void> => {
    startedAt = timers.monotonicNow();
    const at = startedAt;
    const renewed = await leases.acquire(clusterId, holder, durationMs).catch(() => undefined);
    if (renewed !== undefined && renewed.token !== lease.token) lost = true;
    else if (renewed !== undefined) safeUntil = at + durationMs * SAFE_SHARE;
  };
  const stop = timers.every(durationMs * RENEW_SHARE, () => void renew());
  return {
    lease,
    isHeld: () => !lost && timers.monotonicNow() < safeUntil,
    stop,
  };
}
