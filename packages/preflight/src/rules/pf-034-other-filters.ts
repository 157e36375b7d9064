import { nodePrecondition } from "../node-precondition.ts";
import { warns } from "../rule.ts";

/** PF-034: no filters are in use whose rules the scan cannot show. Those of IPv6 are read with the others. */
export const otherFilters = nodePrecondition({
  id: "PF-034",
  title: "No filters that nobody reads",
  name: "OtherFilters",
  severity: warns,
  isOptional: true,
  remedy: "Find out who uses arptables, ebtables or ipset on the nodes, and say it with a network policy.",
});
