import { ENABLED_LABEL } from "@hostrouting/kube";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { Invariant, Looked } from "./invariant.ts";

/** The longest that a label may claim what the agent denies, while everything that could put it right is there. */
const LIE_MAX_MS = 60_000;
/** A label is written after the kernel was seen to route by eBPF; what was seen may be as old as a round with slow answers. */
const SEEN_MAX_MS = 60_000;

/** A node's label never claims a mode before its kernel has it, nor for longer than a minute what its agent denies. */
export function labelTellsTheTruth({ world }: Looked): Invariant {
  const liesSince = new Map<string, number>();
  const routedAt = new Map<string, number>();
  const isBlocked = (cluster: SimulatedCluster, name: string): boolean =>
    world.faults.areOn ||
    cluster.fake.unreachable ||
    world.wire.databaseIsAway ||
    cluster.fake.objects.get(name)?.status?.effectiveMode !== "Legacy";
  return {
    name: "I6 no label claims a mode that the agent denies for more than 60 s",
    clusterChanged(cluster) {
      const { nowMs } = world.scheduler;
      for (const { uid, name } of cluster.truths.values()) {
        const isOn = cluster.fake.agents.get(name)?.effectiveMode === "BpfVeth";
        if (isOn) routedAt.set(uid, nowMs);
        const lies = !isOn && cluster.fake.nodes.get(name)?.metadata?.labels?.[ENABLED_LABEL] === "true";
        if (!lies || isBlocked(cluster, name)) liesSince.delete(uid);
        else if (!liesSince.has(uid)) liesSince.set(uid, nowMs);
        else if (nowMs - (liesSince.get(uid) ?? nowMs) > LIE_MAX_MS) return `${name} is labelled and on the stack for more than a minute`;
      }
      return undefined;
    },
    effected({ method, args }) {
      const patch = args[1] as { metadata?: { uid?: string; labels?: Record<string, string | null> } } | undefined;
      if (method !== "patchNode" || patch?.metadata?.labels?.[ENABLED_LABEL] !== "true") return undefined;
      const at = routedAt.get(patch.metadata.uid ?? "");
      if (at !== undefined && world.scheduler.nowMs - at <= SEEN_MAX_MS) return undefined;
      return `${String(args[0])} is labelled and its kernel has not routed by eBPF`;
    },
  };
}
