import type { NodePhase } from "@hostrouting/domain";
import type { Invariant, Looked } from "./invariant.ts";

/** The phases that the policy's `maxUnavailable` counts; written down here a second time on purpose. */
const IN_FLIGHT: ReadonlySet<NodePhase> = new Set([
  "Cordoning",
  "Draining",
  "Installing",
  "Switching",
  "Verifying",
  "Confirming",
  "Detaching",
]);

/** Neither in the records nor on the machines are more nodes disturbed than the policy allows. */
export function budgetIsKept({ world }: Looked): Invariant {
  const limitOf = (id: (typeof world.clusters)[number]["id"]): number => Number(world.policies.get(id)?.maxUnavailable ?? 1);
  return {
    name: "I4 nodes in flight never exceed maxUnavailable",
    storeChanged() {
      for (const [id, { nodes }] of world.store.look().clusters) {
        const inFlight = [...nodes.values()].filter(({ phase }) => IN_FLIGHT.has(phase));
        if (inFlight.length > limitOf(id))
          return `${inFlight.map(({ node, phase }) => `${node} ${phase}`).join(", ")}: more than ${limitOf(id)}`;
      }
      return undefined;
    },
    clusterChanged({ id, fake }) {
      const unconfirmed = [...fake.agents].filter(([, { confirmByMs }]) => confirmByMs !== undefined).map(([name]) => name);
      if (unconfirmed.length > limitOf(id)) return `${unconfirmed.join(", ")} are switched and not confirmed: more than ${limitOf(id)}`;
      return undefined;
    },
  };
}
