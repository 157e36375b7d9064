import { BUDGETED } from "../simulated-cluster.ts";
import type { Invariant } from "./invariant.ts";

/** A pod that a disruption budget keeps leaves a node only by an eviction that the API server granted, or with the node. */
export function disruptionBudgetsHold(): Invariant {
  const there = new Map<string, string>();
  const evicted = new Set<string>();
  return {
    name: "I11 no PodDisruptionBudget is violated",
    effected({ method, clusterId, args }, answer) {
      const pod = args[0] as { name?: string };
      if (method === "evict" && (answer as { kind: string }).kind === "Evicted") evicted.add(`${clusterId} ${pod.name}`);
      return undefined;
    },
    clusterChanged({ id, fake, truths }) {
      const uids = new Map([...truths.values()].map(({ uid, name }) => [uid, name]));
      const uidOf = new Map([...truths.values()].map(({ uid, name }) => [name, uid]));
      for (const [key, node] of there) {
        const [clusterId, name] = key.split(" ") as [string, string];
        if (clusterId !== id || fake.pods.has(`shop/${name}`)) continue;
        there.delete(key);
        if (uids.has(node) && !evicted.has(key)) return `${name} was taken from ${uids.get(node)} past its budget`;
      }
      for (const { metadata, spec } of fake.pods.values())
        if (metadata?.name?.startsWith(BUDGETED) === true) there.set(`${id} ${metadata.name}`, uidOf.get(spec?.nodeName ?? "") ?? "");
      return undefined;
    },
  };
}
