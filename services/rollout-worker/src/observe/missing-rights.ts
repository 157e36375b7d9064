import type { Fence } from "../cluster-fence.ts";
import type { SandboxMemory } from "./sandboxes.ts";

/**
 * Rights that the cluster refuses the worker and without which it goes on all the same, each with what is not done for want of it. What stops a round shows
 * by itself, and all of them are asked about before host routing is switched on (PF-054); these may be lost later, or be new with a version of the worker. Pure.
 */
export function missingRights(fence: Fence, sandboxes: SandboxMemory | undefined): readonly string[] {
  return [
    ...(fence.kind === "Unavailable" && fence.isForbidden
      ? ["reading Lease rollout-worker in acns-hostrouting: only the store's lease and the agents' memory of tokens keep two workers apart"]
      : []),
    ...(sandboxes?.isForbidden === true ? ["listing Events: nobody looks whether nodes that were just switched still start pods"] : []),
  ];
}
