import type { ClusterFacts, NodeFacts } from "./facts.ts";
import { needsAgent, unknown, type Outcome } from "./rule.ts";

/** Judges the nodes of which an agent has told something; nodes without an agent are judged once they have one. */
export function overTold<T>(
  { nodes }: ClusterFacts,
  told: (node: NodeFacts) => T | undefined,
  judge: (told: readonly { readonly node: string; readonly said: T }[]) => Outcome,
): Outcome {
  if (!nodes.known) return unknown(`The nodes could not be read: ${nodes.because}`);
  const found = nodes.value.flatMap((node) => {
    const said = told(node);
    return said === undefined ? [] : [{ node: node.name, said }];
  });
  return found.length === 0 ? needsAgent("No agent has told this yet.") : judge(found);
}
