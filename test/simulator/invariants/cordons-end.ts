import { CORDONED_BY_ANNOTATION, OWNER_ANNOTATION } from "@hostrouting/kube";
import type { Invariant, Looked } from "./invariant.ts";

/** What we cordoned is uncordoned in the end, or kept with a reason; what others cordoned stays cordoned. */
export function cordonsEnd({ world }: Looked): Invariant {
  return {
    name: "I7 every node that we cordoned is uncordoned, or quarantined with a reason; nobody else's",
    clusterChanged({ truths, fake }) {
      for (const { name, cordonedByUser } of truths.values())
        if (cordonedByUser && fake.nodes.get(name)?.spec?.unschedulable !== true)
          return `${name} was cordoned by a person and is not any more`;
      return undefined;
    },
    settled() {
      for (const { id, truths, fake } of world.clusters)
        for (const { name, uid, cordonedByUser } of truths.values()) {
          const node = fake.nodes.get(name);
          const isOurs = node?.metadata?.annotations?.[CORDONED_BY_ANNOTATION] !== undefined;
          const record = world.store.look().clusters.get(id)?.nodes.get(uid);
          const isKept = record?.phase === "Failed" && record.problem !== undefined;
          if (isOurs && !isKept) return `${name} is left cordoned by us, ${record?.phase}`;
          if (!isOurs && !cordonedByUser && node?.spec?.unschedulable === true)
            return `${name} is cordoned in nobody's name, ${record?.phase}`;
        }
      return undefined;
    },
    switchedOff() {
      for (const { truths, fake } of world.clusters)
        for (const { name, cordonedByUser } of truths.values()) {
          const node = fake.nodes.get(name);
          if (node?.spec?.unschedulable === true && !cordonedByUser) return `${name} is cordoned after the end`;
          const claim = node?.metadata?.annotations?.[OWNER_ANNOTATION] ?? node?.metadata?.annotations?.[CORDONED_BY_ANNOTATION];
          if (claim !== undefined) return `${name} is claimed by ${claim} after the end`;
        }
      return undefined;
    },
  };
}
