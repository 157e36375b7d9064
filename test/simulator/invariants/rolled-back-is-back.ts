import { isTerminal, type Operation, type OperationId } from "@hostrouting/domain";
import { CORDONED_BY_ANNOTATION, ENABLED_LABEL } from "@hostrouting/kube";
import type { Invariant, Looked } from "./invariant.ts";

/** What says of itself, as it ends, that everything it was about is back where it was: every node on the stack, nothing kept cordoned. */
export function rolledBackIsBack({ world }: Looked): Invariant {
  const judged = new Set<OperationId>();
  return {
    name: "what was rolled back is back",
    storeChanged() {
      const { operations, clusters } = world.store.look();
      for (const operation of operations.values()) {
        if (!isTerminal(operation.phase) || judged.has(operation.id)) continue;
        judged.add(operation.id);
        if (!isBackOnTheStack(operation)) continue;
        for (const { node, phase, cordonedByUs } of clusters.get(operation.clusterId)?.nodes.values() ?? []) {
          if (phase !== "Disabled" && phase !== "Gone") return `${operation.id} has ended, and ${node} is ${phase}`;
          if (cordonedByUs) return `${operation.id} has ended, and ${node} is still cordoned by us`;
        }
      }
      return undefined;
    },
    settled() {
      for (const { id, fake, truths } of world.clusters) {
        const last = [...world.store.look().operations.values()].findLast(({ clusterId }) => clusterId === id);
        if (last === undefined || !isBackOnTheStack(last)) continue;
        for (const { name } of truths.values()) {
          const { labels = {}, annotations = {} } = fake.nodes.get(name)?.metadata ?? {};
          if (fake.agents.get(name)?.effectiveMode !== "Legacy") return `${name} routes by eBPF after ${last.id} took it back`;
          if (labels[ENABLED_LABEL] !== undefined || annotations[CORDONED_BY_ANNOTATION] !== undefined)
            return `${name} still bears a label or a cordon of ours after ${last.id} took it back`;
        }
      }
      return undefined;
    },
  };
}

/** Of an operation about bundles it is another question. */
function isBackOnTheStack({ kind, phase, error, control }: Operation): boolean {
  if (control.bundles !== undefined) return false;
  return error?.code === "RolledBack" || (kind === "RollbackHostRouting" && phase === "Succeeded");
}
