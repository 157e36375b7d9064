import { isTerminal } from "@hostrouting/domain";
import { ENABLED_LABEL } from "@hostrouting/kube";
import type { Invariant, Looked } from "./invariant.ts";

/** Once faults have stopped and people answer what waits for them, every operation ends; switched off, nothing of ours is left. */
export function everythingEnds({ world }: Looked): Invariant {
  const unended = (): string | undefined => {
    const { operations, clusters } = world.store.look();
    for (const { id, clusterId, phase } of operations.values()) {
      if (isTerminal(phase)) continue;
      const waits = clusters.get(clusterId)?.status?.waits ?? [];
      return `${id} is still ${phase}; it says: ${waits.map(({ reason, subject, message }) => `${reason} ${subject} ${message}`).join("; ") || "nothing"}`;
    }
    return undefined;
  };
  return {
    name: "I13 after faults stop everything comes to its end",
    settled: unended,
    switchedOff() {
      const open = unended();
      if (open !== undefined) return open;
      for (const { id, name, fake } of world.clusters) {
        const { desiredMode, provisioningState } = world.managed(id);
        if (desiredMode !== "None" || provisioningState !== "Succeeded")
          return `${name} is ${desiredMode}, ${provisioningState} after the end`;
        const on = [...fake.agents].filter(([, agent]) => agent.effectiveMode !== "Legacy").map(([node]) => node);
        const labelled = [...fake.nodes.values()].filter((node) => node.metadata?.labels?.[ENABLED_LABEL] !== undefined);
        if (on.length > 0) return `${on.join(", ")} still route by eBPF`;
        if (labelled.length > 0) return `${labelled.map((node) => node.metadata?.name).join(", ")} are still labelled`;
        if (fake.daemonSet !== undefined || fake.objects.size > 0) return `${name} still holds the bundle or its objects`;
        if (fake.policies.read("block-azure-destinations").kind !== "Absent") return `${name} still holds the policy`;
      }
      return undefined;
    },
  };
}
