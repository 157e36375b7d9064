import { AppError, explain, type FencingToken } from "@hostrouting/domain";
import type { ClusterAccess, RolloutLease } from "@hostrouting/kube";
import type { Reach } from "@hostrouting/rollout";

/** What the cluster's own Lease says. `Unavailable`: it cannot be read or has no place, so that the store's lease and the agents' memory of tokens are all there is. */
export type Fence =
  | { readonly kind: "Absent" }
  | { readonly kind: "Held"; readonly lease: RolloutLease }
  | { readonly kind: "Unavailable"; readonly because: string; readonly isForbidden: boolean };

/** A fence that was read or written under a token of ours. */
export type SeenFence = { readonly token: FencingToken; readonly fence: Fence };

/** Where rights are missing host routing must still be switched off: PF-054 says so before anything is switched on, and a warning as long as it is so. */
const NO_FENCE: ReadonlySet<string> = new Set(["kube.forbidden", "kube.not-found"]);

/** Reads the Lease, unless `known` is of this very token: then the next write says whether it still stands. @throws AppError of ClusterAccess when nothing answers */
export async function readFence(access: ClusterAccess, known: SeenFence | undefined, token: FencingToken): Promise<Fence> {
  if (known?.token === token) return known.fence;
  try {
    const lease = await access.readRolloutLease();
    return lease === undefined ? { kind: "Absent" } : { kind: "Held", lease };
  } catch (error) {
    if (error instanceof AppError && NO_FENCE.has(error.code))
      return { kind: "Unavailable", because: explain(error), isForbidden: error.code === "kube.forbidden" };
    throw error;
  }
}

/** Whoever has a later token is the one who decides; what an older one saw must not be decided on, much less done. */
export function heldByOther(fence: Fence, token: FencingToken): Extract<Reach, { kind: "Unreachable" }> | undefined {
  if (fence.kind !== "Held" || fence.lease.token <= token) return undefined;
  const { holder, token: theirs } = fence.lease;
  return {
    kind: "Unreachable",
    reason: "LeaseHeldElsewhere",
    message: `Worker ${holder} holds the cluster with token ${theirs}; ours is ${token}.`,
  };
}

/** `lease`: what stands there now, as far as it could be written. */
export type Taken = { readonly kind: "Ours"; readonly lease: RolloutLease | undefined } | { readonly kind: "Lost" };

/**
 * Asks whether this worker may write now, by writing the Lease with its token over the version that it knows: whoever took the cluster meanwhile has changed
 * that version, also if this process was stopped since it looked. After a lost race the next round sees who won.
 * @throws AppError of ClusterAccess when nothing answers
 */
export async function takeFence(access: ClusterAccess, fence: Fence, ours: { holder: string; token: FencingToken }): Promise<Taken> {
  if (fence.kind === "Unavailable") return { kind: "Ours", lease: undefined };
  try {
    const lease = await access.writeRolloutLease({ ...ours, over: fence.kind === "Held" ? fence.lease.version : undefined });
    return { kind: "Ours", lease };
  } catch (error) {
    if (error instanceof AppError && NO_FENCE.has(error.code)) return { kind: "Ours", lease: undefined };
    if (error instanceof AppError && error.code === "kube.conflict") return { kind: "Lost" };
    throw error;
  }
}
