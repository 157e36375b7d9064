import type { HostRoutingNodeSpec } from "@hostrouting/contracts";
import { CORDONED_BY_ANNOTATION, type NodePatch } from "@hostrouting/kube";
import type { Invariant, Looked } from "./invariant.ts";

/** Nothing is asked of a node that its record in the store does not say already, so that a crash forgets nothing. */
export function recordedBeforeDone({ world }: Looked): Invariant {
  return {
    name: "what is done was recorded before",
    issued({ method, clusterId, args }) {
      if (clusterId === undefined) return undefined;
      const nodes = world.store.look().clusters.get(clusterId)?.nodes;
      if (method === "applyNodeObject") {
        const { nodeUID, generation, mode } = args[1] as HostRoutingNodeSpec;
        const record = nodes?.get(nodeUID);
        if (record === undefined || record.switchGeneration < generation)
          return `${mode} ${generation} is asked of ${nodeUID}; its record says ${record?.phase} ${record?.switchGeneration}`;
      }
      if (method === "patchNode") {
        const { metadata } = args[1] as NodePatch;
        const isCordon = typeof metadata.annotations?.[CORDONED_BY_ANNOTATION] === "string";
        if (isCordon && nodes?.get(metadata.uid)?.cordonedByUs !== true)
          return `${String(args[0])} is cordoned and its record does not say so`;
      }
      return undefined;
    },
  };
}
