import { nodePrecondition } from "../node-precondition.ts";
import { warns } from "../rule.ts";

/** PF-039: no destination has so many translated flows that ports become few: with host routing they share 32,768. */
export const sourcePorts = nodePrecondition({
  id: "PF-039",
  title: "Source ports to spare",
  name: "SourcePorts",
  severity: warns,
  isOptional: true,
  remedy: "Spread these connections over more nodes or destinations, keep them open longer, or take the destination out of masquerading.",
});
