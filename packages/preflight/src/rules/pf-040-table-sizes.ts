import { nodePrecondition } from "../node-precondition.ts";
import { warns } from "../rule.ts";

/** PF-040: the programs' tables have room for the flows that the node has. */
export const tableSizes = nodePrecondition({
  id: "PF-040",
  title: "Tables have room for the flows",
  name: "TableSizes",
  severity: warns,
  isOptional: true,
  remedy: "Use more or larger nodes; what the tables have no room for stays on the stack.",
});
