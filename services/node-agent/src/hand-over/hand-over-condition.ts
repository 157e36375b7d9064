import type { Condition } from "../report/conditions.ts";
import type { HandedOver } from "./hand-over.ts";

/** What the node reports of flows that went to the kernel's conntrack; nothing while none had to. */
export function handOverCondition({ handedOver, left, refused }: HandedOver): Omit<Condition, "lastTransitionTime">[] {
  const type = "TranslatedFlowsHandedOver";
  if (refused > 0)
    return [
      {
        type,
        status: "False",
        reason: "RefusedByConntrack",
        message: `Conntrack refused ${refused} translated flows; ${handedOver} were handed over. Those refused end with our programs.`,
      },
    ];
  if (left > 0) return [{ type, status: "False", reason: "HandingOver", message: `${left} translated flows are still to be handed over.` }];
  if (handedOver === 0) return [];
  return [{ type, status: "True", reason: "HandedOver", message: `${handedOver} translated flows are conntrack's now.` }];
}
